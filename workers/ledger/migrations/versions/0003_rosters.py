"""Who is in a user group or on call, as somebody outside said last."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "rosters",
        sa.Column("source", sa.String(300), primary_key=True),
        sa.Column("members", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("rosters")
