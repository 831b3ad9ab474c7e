"""The Label Studio desk: real people answer on a Label Studio server.

The server is another product in an environment of its own, reached by its REST
interface alone; see docs/live_people.md. All that has to outlast a process stands on
it: a task for each question, and the annotations that are its answers. `server` talks
to it, `labelling` makes the page of each kind of question and reads what was said
there, `tasks` keeps a copy of what the server has, `asking` is the desk of one run,
`crowd` is what a session takes.

References:
    HumanSignal/label-studio, documentation of the REST interface, of the tags and of
    the JSON of annotations; tried with version 1.23.2.
"""
