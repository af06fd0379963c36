-- Inactivity churn by month, point to point. A customer is active at a month's end t when they bought in (t - 90, t];
-- churned: active at the end of the month before, not at this one; entered: the other way round.
-- An end is written as the first day after its month: a purchase on day d counts for every such e with d < e <= d + 90,
-- which are at most four. Only the last purchase of each month matters.
-- Parameters: since (first end - 90), last (day), first_end, last_end.  Reads: customers_order by day.  A row: one end.
WITH latest AS (
    SELECT o.customer_id, MAX(o.local_day) AS day
    FROM customers_order o
    WHERE o.local_day BETWEEN %(since)s AND %(last)s AND orders_that_count(o)
    GROUP BY o.customer_id, month_of(o.local_day)
),
ends AS (
    SELECT DISTINCT customer_id, month_after(day, k) AS e
    FROM latest
    CROSS JOIN (SELECT 1 AS k UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) later
    WHERE month_after(day, k) <= plus_days(day, 90)
),
steps AS (
    SELECT e,
        LAG(e) OVER (PARTITION BY customer_id ORDER BY e) AS previous,
        LEAD(e) OVER (PARTITION BY customer_id ORDER BY e) AS following
    FROM ends
),
moves AS (
    SELECT e, 1 AS active, CASE WHEN previous IS NULL OR previous < month_after(e, -1) THEN 1 ELSE 0 END AS entered,
        0 AS churned
    FROM steps
    UNION ALL
    SELECT month_after(e, 1), 0, 0, 1 FROM steps WHERE following IS NULL OR following > month_after(e, 1)
)
SELECT e AS end_day, SUM(active), SUM(entered), SUM(churned)
FROM moves
WHERE e BETWEEN %(first_end)s AND %(last_end)s
GROUP BY e
