-- Purpose: customers whose kept facts differ from orders, refunds and events, with what they should be.
-- Parameters: none. Names of passive and active events are those of customers.subscribers, filled in by the caller.
-- Reads: customers_customer, customers_order, customers_refund, customers_event, customers_customerfacts and the inbox.
-- Grain: one row per drifted customer. Customers with events that wait or were set aside are left out: their facts will move.
-- Cost: one pass over orders, refunds and events, grouped by customer.
WITH busy AS (
    SELECT e.customer_id FROM customers_pendingevent p JOIN customers_event e ON e.id = p.event_id
    UNION
    SELECT e.customer_id FROM customers_failedevent f JOIN customers_event e ON e.id = f.event_id
),
bought AS (
    SELECT customer_id, SUM(CASE WHEN state = 'paid' THEN 1 ELSE 0 END) AS order_count, SUM(total_minor) AS revenue_minor,
           MIN(placed_at) AS first_order_at, MAX(placed_at) AS last_order_at
    FROM customers_order GROUP BY customer_id
),
returned AS (
    SELECT customer_id, SUM(amount_minor) AS refunded_minor FROM customers_refund GROUP BY customer_id
),
happened AS (
    SELECT customer_id, COUNT(*) AS event_count,
           MIN(CASE WHEN {is_seen} THEN occurred_at END) AS first_seen_at,
           MAX(CASE WHEN {is_seen} THEN occurred_at END) AS last_seen_at
    FROM customers_event GROUP BY customer_id
)
SELECT c.id, f.event_count AS kept_event_count,
       COALESCE(b.order_count, 0), COALESCE(b.revenue_minor, 0), COALESCE(r.refunded_minor, 0),
       b.first_order_at, b.last_order_at, COALESCE(h.event_count, 0), h.first_seen_at, h.last_seen_at
FROM customers_customer c
LEFT JOIN bought b ON b.customer_id = c.id
LEFT JOIN returned r ON r.customer_id = c.id
LEFT JOIN happened h ON h.customer_id = c.id
LEFT JOIN customers_customerfacts f ON f.customer_id = c.id
WHERE NOT EXISTS (SELECT 1 FROM busy WHERE busy.customer_id = c.id)
  AND (COALESCE(f.order_count, 0) <> COALESCE(b.order_count, 0)
    OR COALESCE(f.revenue_minor, 0) <> COALESCE(b.revenue_minor, 0)
    OR COALESCE(f.refunded_minor, 0) <> COALESCE(r.refunded_minor, 0)
    OR COALESCE(f.event_count, 0) <> COALESCE(h.event_count, 0)
    OR COALESCE(f.first_order_at, '1970-01-01 00:00:00+00') <> COALESCE(b.first_order_at, '1970-01-01 00:00:00+00')
    OR COALESCE(f.last_order_at, '1970-01-01 00:00:00+00') <> COALESCE(b.last_order_at, '1970-01-01 00:00:00+00')
    OR COALESCE(f.first_seen_at, '1970-01-01 00:00:00+00') <> COALESCE(h.first_seen_at, '1970-01-01 00:00:00+00')
    OR COALESCE(f.last_seen_at, '1970-01-01 00:00:00+00') <> COALESCE(h.last_seen_at, '1970-01-01 00:00:00+00'))
