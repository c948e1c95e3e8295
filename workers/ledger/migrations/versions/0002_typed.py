"""What somebody typed to approve a critical change."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("votes", sa.Column("typed", sa.String(300), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("votes", "typed")
