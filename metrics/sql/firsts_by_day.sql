-- First and second orders by day: how many customers became buyers, and how many of them came back for the first time.
-- Only the customers who bought in the range are looked at, with their whole history: one night costs what one day's
-- buyers cost, whatever the size of the past. A back-fill of most of the past leaves the join out: everybody is in it.
-- Pieces: only (the join, or nothing).  Parameters: first, last (days).  Reads: customers_order by day and by customer.  A row: one day.
WITH buyers AS (
    SELECT DISTINCT b.customer_id
    FROM customers_order b
    WHERE b.local_day BETWEEN %(first)s AND %(last)s AND orders_that_count(b)
),
days AS (
    SELECT o.customer_id, o.local_day AS day, COUNT(*) AS orders
    FROM customers_order o
    {{only}}
    WHERE orders_that_count(o) AND o.local_day <= %(last)s
    GROUP BY o.customer_id, o.local_day
),
running AS (
    SELECT day, orders, SUM(orders) OVER (PARTITION BY customer_id ORDER BY day) AS total
    FROM days
)
SELECT day,
    SUM(CASE WHEN total = orders THEN 1 ELSE 0 END),
    SUM(CASE WHEN total >= 2 AND total - orders < 2 THEN 1 ELSE 0 END)
FROM running
WHERE day >= %(first)s
GROUP BY day
