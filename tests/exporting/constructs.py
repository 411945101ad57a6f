"""One program for each construct of the language, and questions with a conversation and fields."""

from dataclasses import replace
from pathlib import Path

from exporting.programs import gallery_models
from exporting.recording import RecordingServer
from routers.examples import asking, near

from moaql.routers.file import router_text
from moaql.routers.router import Embedding, Nearest

FIELDS = {"kind": "Math", "level": "3", "hard": "yes"}
QUESTIONS = [
    {"text": "What is 17 * 23?", "fields": FIELDS},
    {
        "text": "And 4 more?",
        "system": "Be brief.",
        "history": [["user", "Hello {n}"], ["assistant", "Yes?"]],
        "fields": {**FIELDS, "kind": "other"},
    },
    {
        "text": "Why is the sky blue? Explain it so that a child understands it, please.",
        "fields": {**FIELDS, "hard": "no"},
    },
]
BROKEN = 'model broken = "openai/broken" base_url="http://127.0.0.1:{port}/{name}/v1" api_key_env=none price_in=$1 price_out=$1\n'
PROMPTS = '''
prompt shown_plainly {
  system """
  A "quoted" \\\\ text with {{braces}}, {n} drafts, about {field.kind}:

  {candidates:plain sep="\\n--\\n"}
  """
  user "{question}"
}
prompt listed {
  system "You said before:\\n{history}\\n\\nDrafts:\\n{candidates:numbered}\\n\\nScores:\\n{scores}"
  user "{question}"
}
'''
PIPELINES = {
    "quorum": "layer [qwen, broken, llama, mini] quorum=3 -> agg gpt4o",
    "quorum_missed": "layer [qwen, broken] quorum=2 -> agg gpt4o fallback=mini",
    "fallback_of_a_model": "layer [spare, llama] -> agg spare",
    "agg_fallback": "layer [broken, broken] -> agg gpt4o fallback=pair",
    "everybody_fails": "broken x2 -> vote",
    "one_fails": "layer [qwen, broken, llama] -> rank gpt4o top=2 -> agg mini",
    "weighted_early_vote": "layer [qwen, llama, mini]x2 -> vote by=number early=true weights={qwen: 2, mini: 0.5}",
    "early_vote_over_topologies": "layer [pair, qwen, pair] -> vote by=number early=true confidence=1",
    "early_vote_whose_voters_are_shared": "mini x5 -> when agreement > 0.9 { vote early=true } else { agg gpt4o }",
    "ties": "layer [qwen, llama, mini, mistral] -> vote by=number tie=random",
    "best_of_ties": "layer [qwen, llama, mini, mistral] -> score gpt4o -> vote by=choice tie=best",
    "literal": "mini x4 -> vote by=literal",
    "similar": "mini x4 -> vote by=similarity",
    "clusters": "mini x4 -> vote by=cluster",
    "verified": "mini x4 -> verify gpt4o -> rank qwen top=2 method=pairwise -> agg llama",
    "rated": "mini x4 -> rank qwen top=2 method=score -> seq llama window=2 keep=1",
    "dropout_of_verified": "mini x3 -> verify gpt4o -> dropout qwen leave_out=1 then=cluster",
    "windows_of_verified": "mini x6 -> verify gpt4o -> seq qwen window=3 keep=1",
    "windows_twice": "layer [(mini x4 -> seq qwen window=3 keep=1)]x2 -> agg gpt4o",
    "windows_in_another_order": "mini x4 -> seq qwen window=3 keep=1 shuffle=true",
    "distinct_ones": "mini x6 -> distinct by=number -> agg gpt4o refs_in=user",
    "in_another_order": "layer [qwen, llama, mini] -> shuffle -> shuffle seed=4 -> agg gpt4o shuffle=true anonymous=false refs_in=trailing",
    "in_another_order_with_a_loss": "layer [qwen, broken, llama, mini] -> shuffle -> shuffle seed=4 -> seq gpt4o window=2 keep=1",
    "some_of_them": "layer [qwen, llama, mini] -> when tokens > 10 { take 1 -> agg gpt4o } else { take 2 -> agg mistral }",
    "and_or_not": "mini x3 -> score qwen -> when (agreement by=number >= 2/3 and not score < 0.5) or field.level > 5 { vote } else { agg gpt4o }",
    "fields_and_counts": "mini x3 -> when field.hard == true and count == 3 { agg gpt4o } else { mini }",
    "unknown_signal": "mini -> when field.absent == 3 { qwen } else { llama }",
    "confident": 'mini x2 temperature=0.3 top_p=0.9 max_tokens=50 stop=["END", "\\n\\n\\n"] -> best by=confidence',
    "sorted_by_kind": "route by=kind { case math { mini } case other { layer [qwen, llama] -> vote } else { gpt4o } }",
    "cases_share_calls": "route mini { case yes { layer [qwen, llama] -> vote by=number } case no { qwen } else { layer [llama, qwen] -> agg mini } }",
    "until_agreed": "until agreement by=number >= 0.9 max 3 { mini x3 -> shuffle }",
    "until_rated": "mini -> until confidence judge=qwen >= 0.9 max 2 { mini }",
    "shorter": "mini x3 max_tokens=20 truncated=drop -> agg gpt4o max_tokens=30 truncated=retry",
    "prompts": "layer [qwen, llama] -> score mini -> layer [qwen, llama] prompt=[listed, default]  -> score mini -> agg gpt4o prompt=listed -> agg claude prompt=shown_plainly",
    "tested": "qwen x2 -> unit_tests gpt4o n=3 -> grade mini -> critic llama -> agg claude",
    "nested": "layer [pair, gpt4o]x2 -> agg mini",
    "twice": "(layer [qwen, llama] -> agg gpt4o)x2",
    "clustered": "layer [qwen, llama, mini, mistral] -> cluster by=number -> agg gpt4o",
    "several_answers": "layer [qwen, llama, mini] -> rank gpt4o top=2",
}
TOPOLOGIES = "topology pair = layer [mini, mistral] -> agg qwen\n"


def constructs(server: RecordingServer) -> dict[str, str]:
    """The programs by name, with their models at the server. It must fail for `broken`: `server.failing = frozenset({"broken"})`."""
    return {name: _program(name, pipeline, server) for name, pipeline in PIPELINES.items()}


CASES = "{ case weak { mini x3 -> vote by=number } case strong { layer [qwen, llama] -> agg gpt4o } else { mistral } }"
FEWER = "{ case weak { mini } else { mistral } }"


ROUTED = {
    "routed_by_words": (None, CASES),
    "routed_by_fewer": (None, FEWER),
    "routed_nearby": ("small", CASES),
    "routed_lost": ("broken", CASES),
}
"""By name: the model that embeds questions, if one does, and the cases."""


def fitted_routers(server: RecordingServer, folder: Path) -> dict[str, str]:
    """Programs with routers that are fitted: by words, by the nearest questions, and by embeddings that fail.

    The files of the routers are written to a folder. The server must fail for `broken`, as above.
    """
    return {name: _routed(name, embedder, cases, server, folder) for name, (embedder, cases) in ROUTED.items()}


def _routed(name: str, embedder: str | None, cases: str, server: RecordingServer, folder: Path) -> str:
    router = asking() if embedder is None else near()
    if isinstance(router.kind, Nearest) and embedder is not None:
        embedding = Embedding(embedder, f"http://127.0.0.1:{server.port}/{name}/v1", "GALLERY_KEY", 0.02)
        router = replace(router, kind=replace(router.kind, embedding=embedding))
    path = folder / f"{name}.json"
    path.write_text(router_text(router), encoding="utf-8")
    return _program(name, f'layer [mini] -> route with="{path}" {cases}', server)


def _program(name: str, pipeline: str, server: RecordingServer) -> str:
    models = gallery_models(server, name) + BROKEN.format(port=server.port, name=name)
    return f"{models}model spare = broken or llama temperature=0.2\n{PROMPTS}{TOPOLOGIES}topology {name} = {pipeline}\n"
