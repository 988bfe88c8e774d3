"""The explorer: a traced workspace in a browser, on this machine alone, or as a folder of static pages.

`held.py` keeps the tables in memory, `pages.py` says what is on each page, `app.py` is the web application,
`guard.py` what it refuses, `static.py` the bundle. Nothing here reads a table but through
`workspace/query.py` and what the report, `explain` and `compare` already do with the tables.
"""
