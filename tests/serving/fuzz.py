"""For schemathesis, which loads it in a process of its own: what no schema can say."""

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Let a conversation end with a question. Whether the body is right or wrong stays as it was."""
    body = case.body
    if isinstance(body, dict) and isinstance(body.get("messages"), list) and body["messages"]:
        case.body = body | {"messages": [*body["messages"], {"role": "user", "content": "What is it?"}]}
