-- Purpose: event counts per customer and name that differ from the events, with what they should be.
-- Parameters: none. Reads: customers_event, customers_eventaggregate and the inbox.
-- Grain: one row per drifted customer and name; customers with events that wait or were set aside are left out.
-- Cost: one pass over events, grouped by customer and name.
WITH busy AS (
    SELECT e.customer_id FROM customers_pendingevent p JOIN customers_event e ON e.id = p.event_id
    UNION
    SELECT e.customer_id FROM customers_failedevent f JOIN customers_event e ON e.id = f.event_id
),
happened AS (
    SELECT customer_id, name, COUNT(*) AS count, MIN(occurred_at) AS first_at, MAX(occurred_at) AS last_at
    FROM customers_event GROUP BY customer_id, name
)
SELECT h.customer_id, h.name, a.count AS kept_count, h.count, h.first_at, h.last_at
FROM happened h
LEFT JOIN customers_eventaggregate a ON a.customer_id = h.customer_id AND a.name = h.name
WHERE NOT EXISTS (SELECT 1 FROM busy WHERE busy.customer_id = h.customer_id)
  AND (a.count IS NULL OR a.count <> h.count OR a.first_at <> h.first_at OR a.last_at <> h.last_at)
