"""Print what the JSON of the standard input has at some keys."""

import json
import sys

found = json.load(sys.stdin)
for key in sys.argv[1:]:
    found = found[int(key) if isinstance(found, list) else key]
print(found)
