-- Scores of customers who have no order that counts any more (refunded in full, cancelled, merged).
-- Parameters: day.  Reads: customers_order by customer.
DELETE FROM metrics_rfmscore
WHERE NOT EXISTS (
    SELECT 1 FROM customers_order o
    WHERE o.customer_id = metrics_rfmscore.customer_id AND o.local_day <= %(day)s AND orders_that_count(o)
)
