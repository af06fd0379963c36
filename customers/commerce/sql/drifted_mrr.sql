-- Purpose: customers whose MRR movements do not roll forward, or do not come to what their subscriptions and figures say.
-- Parameters: none. `only` narrows the subscriptions that count, from the account's setting; filled in by the caller.
-- Reads: customers_mrrmovement, customers_subscription, customers_customerfacts.
-- Grain: one row per drifted customer.  Cost: one pass over each table.
WITH chained AS (
    SELECT customer_id, amount_minor, before_minor, after_minor,
           LAG(after_minor, 1, 0) OVER (PARTITION BY customer_id ORDER BY local_day) AS expected_minor
    FROM customers_mrrmovement
),
moved AS (
    SELECT customer_id, SUM(amount_minor) AS total_minor,
           MAX(CASE WHEN before_minor <> expected_minor OR after_minor <> before_minor + amount_minor THEN 1 ELSE 0 END) AS torn
    FROM chained GROUP BY customer_id
),
held AS (
    SELECT s.customer_id, SUM(s.mrr_minor) AS total_minor
    FROM customers_subscription s WHERE s.status IN ('active', 'past_due') {only} GROUP BY s.customer_id
),
shown AS (
    SELECT customer_id, mrr_minor AS total_minor FROM customers_customerfacts WHERE mrr_minor <> 0
),
everybody AS (
    SELECT customer_id FROM moved UNION SELECT customer_id FROM held UNION SELECT customer_id FROM shown
)
SELECT e.customer_id
FROM everybody e
LEFT JOIN moved m ON m.customer_id = e.customer_id
LEFT JOIN held h ON h.customer_id = e.customer_id
LEFT JOIN shown f ON f.customer_id = e.customer_id
WHERE COALESCE(m.torn, 0) = 1
   OR COALESCE(m.total_minor, 0) <> COALESCE(h.total_minor, 0)
   OR COALESCE(m.total_minor, 0) <> COALESCE(f.total_minor, 0)
ORDER BY e.customer_id
