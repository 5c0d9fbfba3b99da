"""What an existing ERP keeps for its own code (docs/operators.md, The file of entities), by names without schema."""

from ichor_activities.entity_file import Protected

PROTECTED = Protected(
    tables=(
        "inventory_transactions",
        "table_configs",
        "roles",
        "user_roles",
        "table_access",
        "warehouses",
        "zones",
        "inventory_locations",
        "order_fulfillment_statuses",
        "line_item_fulfillment_statuses",
        "purchase_order_statuses",
        "purchase_order_line_item_statuses",
        "user_approval_status",
    ),
    columns={
        "orders": ("order_fulfillment_status_id",),
        "order_line_items": (
            "quantity",
            "picked_quantity",
            "backordered_quantity",
            "line_item_fulfillment_statuses_id",
        ),
        "purchase_orders": ("purchase_order_status_id",),
        "purchase_order_line_items": ("quantity_received", "quantity_cancelled"),
        "transfer_orders": ("claimed_by", "completed_by", "quantity"),
        "users": ("approved_by", "date_approved", "user_approval_status_id"),
    },
)
