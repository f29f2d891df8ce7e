"""Pages, one module each: URL → form or query → template. Views are short; rules stand in domain/."""
