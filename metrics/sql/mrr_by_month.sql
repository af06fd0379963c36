-- Movements of MRR by month and kind: how many, and the sum of their signed amounts.
-- Parameters: first, last (days).  Reads: customers_mrrmovement by day.  A row: one month and kind.
SELECT month_of(m.local_day) AS month, m.kind, COUNT(*) AS moves, SUM(m.amount_minor) AS amount
FROM customers_mrrmovement m
WHERE m.local_day BETWEEN %(first)s AND %(last)s
GROUP BY 1, 2
ORDER BY 1, 2
