"""`golem:rdbms`: PostgreSQL and MySQL by Python's drivers."""
