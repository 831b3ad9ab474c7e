"""The page desk: real people answer on a small web page; see docs/live_people.md.

A folder holds `desk.toml`, which whoever runs the study writes, and `desk.sqlite`,
through which a session that asks and a server that shows meet: either may be killed and
started again. `store` opens the file, `asking` is the session's side of it, `dealing`
and `participant` are the server's, `crowd` is what a session takes, `web` the page.
"""
