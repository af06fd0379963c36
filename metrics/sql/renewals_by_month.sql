-- Paid terms that ended, by month, and how many of them were renewed within the grace; in money each counts at most what
-- it was worth. A term ends on the day it was due, or earlier when the subscription ended in its middle.
-- Parameters: first, last (days).  Pieces: grace (days).  Reads: customers_subscriptionchange.  A row: one month.
WITH history AS (
    SELECT c.local_day, c.status, c.is_renewal, c.renews_on, c.mrr_minor,
        LAG(c.status) OVER w AS was, LAG(c.renews_on) OVER w AS due_on, LAG(c.mrr_minor) OVER w AS due_minor
    FROM customers_subscriptionchange c
    WINDOW w AS (PARTITION BY c.subscription_id ORDER BY c.changed_at, c.key)
),
decided AS (
    SELECT CASE WHEN h.due_on IS NULL OR (h.status = 'ended' AND h.local_day < h.due_on) THEN h.local_day ELSE h.due_on END
            AS term_day,
        CASE WHEN h.status <> 'ended' AND (h.due_on IS NULL OR h.local_day <= plus_days(h.due_on, {{grace}})) THEN 1 ELSE 0 END
            AS renewed,
        h.due_minor, h.mrr_minor
    FROM history h
    WHERE h.was IN ('active', 'past_due') AND h.due_minor > 0
        AND (h.status = 'ended' OR (h.status IN ('active', 'past_due')
            AND (h.is_renewal OR (h.local_day >= h.due_on AND h.renews_on > h.due_on))))
)
SELECT month_of(d.term_day) AS month, COUNT(*) AS ends, SUM(d.renewed) AS renewed, SUM(d.due_minor) AS due_minor,
    SUM(CASE WHEN d.renewed = 0 THEN 0 WHEN d.mrr_minor < d.due_minor THEN d.mrr_minor ELSE d.due_minor END) AS kept_minor
FROM decided d
WHERE d.term_day BETWEEN %(first)s AND %(last)s
GROUP BY 1
ORDER BY 1
