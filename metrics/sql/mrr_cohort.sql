-- The customers who paid at the end of a base day, and what became of them at the end of a later one.
-- Parameters: base, last (days).  Reads: customers_mrrmovement.  A row: one.
-- `kept` caps each customer at what they paid at the base; who pauses is still a customer and pays nothing.
SELECT COUNT(*) AS base_count, COALESCE(SUM(base), 0) AS base_minor,
    COALESCE(SUM(CASE WHEN paid < base THEN paid ELSE base END), 0) AS kept_minor,
    COALESCE(SUM(paid), 0) AS now_minor, COALESCE(SUM(standing), 0) AS kept_count
FROM (
    SELECT m.customer_id, SUM(CASE WHEN m.local_day <= %(base)s THEN m.amount_minor ELSE 0 END) AS base,
        SUM(m.amount_minor) AS paid,
        SUM(CASE WHEN m.kind IN ('new', 'reactivation') THEN 1 WHEN m.kind = 'churn' THEN -1 ELSE 0 END) AS standing
    FROM customers_mrrmovement m
    WHERE m.local_day <= %(last)s
    GROUP BY m.customer_id
) per_customer
WHERE base > 0
