-- Distinct customers who bought in each month; days cannot be added up to it.
-- Parameters: first, last (days).  Reads: customers_order by day.  A row: one month.
SELECT month, COUNT(*)
FROM (
    SELECT month_of(o.local_day) AS month, o.customer_id
    FROM customers_order o
    WHERE o.local_day BETWEEN %(first)s AND %(last)s AND orders_that_count(o)
    GROUP BY 1, o.customer_id
) buyers
GROUP BY month
