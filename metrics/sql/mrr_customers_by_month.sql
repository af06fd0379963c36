-- Customers who joined and who were lost point to point by month: whoever came and went within it is in neither.
-- Parameters: first, last (days).  Reads: customers_mrrmovement by day.  A row: one month.
SELECT month, SUM(CASE WHEN delta > 0 THEN 1 ELSE 0 END) AS joined, SUM(CASE WHEN delta < 0 THEN 1 ELSE 0 END) AS lost
FROM (
    SELECT month_of(m.local_day) AS month, m.customer_id,
        SUM(CASE WHEN m.kind IN ('new', 'reactivation') THEN 1 WHEN m.kind = 'churn' THEN -1 ELSE 0 END) AS delta
    FROM customers_mrrmovement m
    WHERE m.local_day BETWEEN %(first)s AND %(last)s
    GROUP BY 1, 2
) per_customer
GROUP BY month
ORDER BY month
