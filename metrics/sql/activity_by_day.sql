-- Who became active and who fell out of the window of 28 or 90 days, by day. A customer is active on day t when they
-- bought in (t - W, t]: a purchase on day d carries them to d + W - 1, and without another one by d + W they fall out on
-- that day. So active(t) = active(t - 1) + entered(t) - left(t), for each W.
-- Parameters: since (first - 90), first, last.  Reads: customers_order by day.  A row: one day.
WITH days AS (
    SELECT DISTINCT o.customer_id, o.local_day AS day
    FROM customers_order o
    WHERE o.local_day BETWEEN %(since)s AND %(last)s AND orders_that_count(o)
),
steps AS (
    SELECT day,
        LAG(day) OVER (PARTITION BY customer_id ORDER BY day) AS previous,
        LEAD(day) OVER (PARTITION BY customer_id ORDER BY day) AS following
    FROM days
),
moves AS (
    SELECT day,
        CASE WHEN previous IS NULL OR previous < plus_days(day, -90) THEN 1 ELSE 0 END AS entered_90, 0 AS left_90,
        CASE WHEN previous IS NULL OR previous < plus_days(day, -28) THEN 1 ELSE 0 END AS entered_28, 0 AS left_28
    FROM steps
    WHERE day >= %(first)s
    UNION ALL
    SELECT plus_days(day, 90), 0, 1, 0, 0 FROM steps WHERE following IS NULL OR following > plus_days(day, 90)
    UNION ALL
    SELECT plus_days(day, 28), 0, 0, 0, 1 FROM steps WHERE following IS NULL OR following > plus_days(day, 28)
)
SELECT day, SUM(entered_90), SUM(left_90), SUM(entered_28), SUM(left_28)
FROM moves
WHERE day BETWEEN %(first)s AND %(last)s
GROUP BY day
