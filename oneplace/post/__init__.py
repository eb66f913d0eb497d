"""Messages out: one outbox for in-app messages, e-mail and SMS. Knows no user: a recipient is an opaque address."""
