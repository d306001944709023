"""Oscar's partner app, forked: prices include Swedish VAT."""
