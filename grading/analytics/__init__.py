"""What a class did with a piece of work, as findings, rows and figures. Pure: plain values in, no Django; docs/analytics.md."""
