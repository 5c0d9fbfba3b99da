-- The tables of a small shop, as any application would have them.
CREATE TABLE customers (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL,
    vip boolean NOT NULL DEFAULT false
);
CREATE TABLE stock (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    sku text NOT NULL UNIQUE,
    quantity int NOT NULL CHECK (quantity >= 0)
);
CREATE TABLE orders (
    id uuid PRIMARY KEY,
    number text NOT NULL UNIQUE,
    customer_id uuid NOT NULL REFERENCES customers (id),
    sku text NOT NULL REFERENCES stock (sku),
    quantity int NOT NULL,
    total numeric(12, 2) NOT NULL,
    status text NOT NULL DEFAULT 'new'
);
CREATE TABLE shipments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id uuid NOT NULL,
    carrier text NOT NULL
);
INSERT INTO customers VALUES
    ('c0000000-0000-0000-0000-000000000001', 'Ada', 'ada@shop.example', true),
    ('c0000000-0000-0000-0000-000000000002', 'Grace', 'grace@shop.example', false);
INSERT INTO stock (sku, quantity) VALUES ('LAMP', 40), ('DESK', 2);
INSERT INTO orders VALUES
    ('a0000000-0000-0000-0000-000000001001', 'A-1001', 'c0000000-0000-0000-0000-000000000001', 'LAMP', 2, 80),
    ('a0000000-0000-0000-0000-000000001002', 'A-1002', 'c0000000-0000-0000-0000-000000000002', 'DESK', 3, 2400);
