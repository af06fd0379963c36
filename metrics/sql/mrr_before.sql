-- MRR and customers at the start of a day.
-- Parameters: first (day).  Reads: customers_mrrmovement.  A row: one.
SELECT COALESCE(SUM(m.amount_minor), 0) AS mrr,
    COALESCE(SUM(CASE WHEN m.kind IN ('new', 'reactivation') THEN 1 WHEN m.kind = 'churn' THEN -1 ELSE 0 END), 0) AS customers
FROM customers_mrrmovement m
WHERE m.local_day < %(first)s
