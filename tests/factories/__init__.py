"""The cast and their things, made with one call each: alice buys, bob refers, carol complains."""
