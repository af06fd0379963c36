-- How many customers are active at the end of one day, for the windows of 90 and 28 days.
-- Parameters: since_90 (day - 89), since_28 (day - 27), day.  Reads: customers_order by day.  One row.
SELECT COUNT(*), COALESCE(SUM(CASE WHEN latest >= %(since_28)s THEN 1 ELSE 0 END), 0)
FROM (
    SELECT o.customer_id, MAX(o.local_day) AS latest
    FROM customers_order o
    WHERE o.local_day BETWEEN %(since_90)s AND %(day)s AND orders_that_count(o)
    GROUP BY o.customer_id
) buyers
