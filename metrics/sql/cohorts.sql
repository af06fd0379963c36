-- The cohort matrix: customers by the month of their first order and by the months in which they bought.
-- Pieces: only (limits first orders to these buyers, or nothing when the range is most of the past).
-- Parameters: first, last (days): the months of activity to compute.  Reads: customers_order.  A row: cohort and month.
WITH bought AS (
    SELECT o.customer_id, month_of(o.local_day) AS active_month, SUM(o.total_minor) AS revenue
    FROM customers_order o
    WHERE o.local_day BETWEEN %(first)s AND %(last)s AND orders_that_count(o)
    GROUP BY o.customer_id, 2
),
firsts AS (
    SELECT f.customer_id, MIN(f.local_day) AS first_day
    FROM customers_order f
    WHERE orders_that_count(f) {{only}}
    GROUP BY f.customer_id
)
SELECT month_of(firsts.first_day) AS cohort_month, bought.active_month, COUNT(*), SUM(bought.revenue)
FROM bought
JOIN firsts ON firsts.customer_id = bought.customer_id
GROUP BY 1, 2
