"""`ichor doctor`: looks at all that the services need, and says of each thing that is not well how to mend it."""
