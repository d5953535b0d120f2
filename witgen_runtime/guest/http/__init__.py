"""HTTP in guests: web applications behind `wasi:http/incoming-handler`, clients over `wasi:http/outgoing-handler`."""
