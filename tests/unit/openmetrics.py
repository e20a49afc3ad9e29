#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# openmetrics.py FILE [FAMILY...]: reads OpenMetrics text as a monitor would (with the
# parser of Debian's python3-prometheus-client), which refuses what the format
# forbids; and there must be these families, each with a sample.
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

with open(sys.argv[1], encoding="utf-8") as f:
    families = {m.name: m for m in text_string_to_metric_families(f.read())}
for name in sys.argv[2:]:
    if name not in families or not families[name].samples:
        sys.exit(f"there is no {name}")
for m in families.values():
    if not m.documentation:
        sys.exit(f"{m.name} has no help")
    for s in m.samples:
        print(s.name, *(f"{k}={v!r}" for k, v in s.labels.items()), s.value)
