-- Scores every buyer by quintiles of recency, frequency and money; only rows that change are written.
-- R keeps ties together (everybody who last ordered on one day has one score, as equal-frequency bins have it); F and M are
-- split evenly by NTILE with the customer's id as the tie-breaker. M is net of refunds that name their order.
-- The percentile is the share of buyers up to this one, in percent rounded up: 91 to 100 are the top tenth.
-- Parameters: day (orders up to it), on (computed for).  Pieces: classes (a CASE over r * 10 + f, from metrics.rules.rfm).
-- Reads: customers_order.  A row: one buyer.
INSERT INTO metrics_rfmscore
    (customer_id, r, f, m, cell, rfm_class, spend_percentile, last_order_on, order_count, revenue_minor, computed_on)
WITH buyers AS (
    SELECT o.customer_id, MAX(o.local_day) AS latest, COUNT(*) AS orders, SUM(o.total_minor - o.refunded_minor) AS revenue
    FROM customers_order o
    WHERE o.local_day <= %(day)s AND orders_that_count(o)
    GROUP BY o.customer_id
),
scored AS (
    SELECT customer_id, latest, orders, revenue,
        5 - ((RANK() OVER (ORDER BY latest DESC) - 1) * 5 / COUNT(*) OVER ()) AS r,
        NTILE(5) OVER (ORDER BY orders, customer_id) AS f,
        NTILE(5) OVER (ORDER BY revenue, customer_id) AS m,
        (ROW_NUMBER() OVER (ORDER BY revenue, customer_id) * 100 + COUNT(*) OVER () - 1) / COUNT(*) OVER () AS percentile
    FROM buyers
)
SELECT customer_id, r, f, m, r * 100 + f * 10 + m, {{classes}}, percentile, latest, orders, revenue, %(on)s
FROM scored
WHERE TRUE
ON CONFLICT (customer_id) DO UPDATE SET
    r = excluded.r, f = excluded.f, m = excluded.m, cell = excluded.cell, rfm_class = excluded.rfm_class,
    spend_percentile = excluded.spend_percentile, last_order_on = excluded.last_order_on,
    order_count = excluded.order_count, revenue_minor = excluded.revenue_minor, computed_on = excluded.computed_on
WHERE metrics_rfmscore.cell <> excluded.cell OR metrics_rfmscore.last_order_on <> excluded.last_order_on
    OR metrics_rfmscore.order_count <> excluded.order_count OR metrics_rfmscore.revenue_minor <> excluded.revenue_minor
    OR metrics_rfmscore.rfm_class <> excluded.rfm_class OR metrics_rfmscore.spend_percentile <> excluded.spend_percentile
