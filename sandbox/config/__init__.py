"""How the sandbox store is put together: settings, addresses, and the way in for a web server."""
