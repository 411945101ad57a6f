"""Writes a tiny Llama model with random weights, about half a megabyte: a real server can load it, and it answers with noise.

    python tiny_gguf.py tiny.gguf --seed 0

The same arguments write the same bytes. Needs the packages `gguf` and `numpy`.
"""

import argparse

import gguf
import numpy as np

WIDTH, HEADS, LAYERS, HIDDEN = 64, 4, 2, 128
BEGIN, END = 1, 2
SPACE = "▁"
WORDS = [
    "yes",
    "no",
    "red",
    "green",
    "blue",
    "one",
    "two",
    "three",
    "sun",
    "moon",
    "sea",
    "hill",
    "river",
    "stone",
    "tree",
    "bird",
    "fish",
    "wind",
    "rain",
    "snow",
]
TEMPLATE = (
    "{% for message in messages %}<{{ message.role }}> {{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant> {% endif %}"
)


def vocabulary() -> tuple[list[str], list[int]]:
    """Tokens and their kinds: three special ones, every byte, printable ASCII, some words."""
    kinds = gguf.TokenType
    special = [("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)]
    raw = [(f"<0x{byte:02X}>", kinds.BYTE) for byte in range(256)]
    plain = [SPACE, *map(chr, range(33, 127)), *(SPACE + word for word in WORDS)]
    both = [*special, *raw, *((piece, kinds.NORMAL) for piece in plain)]
    return [piece for piece, _ in both], [int(kind) for _, kind in both]


def tensors(size: int, first_normal: int, seed: int, ends: float) -> dict[str, np.ndarray]:
    """The weights by name."""
    draw = np.random.default_rng(seed)

    def noise(rows: int, columns: int, scale: float) -> np.ndarray:
        return (draw.standard_normal((rows, columns)) * scale).astype(np.float32)

    # The first channel is the same for every token, and no layer writes to it. So the first column of the output matrix is
    # a bias for each token: raw bytes are never drawn, and how soon an answer ends can be set.
    embedding = noise(size, WIDTH, 1.0)
    embedding[:, 0] = 8.0
    output = noise(size, WIDTH, 3.0 / WIDTH**0.5)
    output[:, 0] = 0.0
    output[:first_normal] = 0.0
    output[:first_normal, 0] = -50.0
    output[END, 0] = ends
    ones = np.ones(WIDTH, np.float32)
    weights = {"token_embd.weight": embedding, "output.weight": output, "output_norm.weight": ones}
    for layer in range(LAYERS):
        block = {
            "attn_norm": ones,
            "ffn_norm": ones,
            **{name: noise(WIDTH, WIDTH, WIDTH**-0.5) for name in ("attn_q", "attn_k", "attn_v", "attn_output")},
            "ffn_gate": noise(HIDDEN, WIDTH, WIDTH**-0.5),
            "ffn_up": noise(HIDDEN, WIDTH, WIDTH**-0.5),
            "ffn_down": noise(WIDTH, HIDDEN, HIDDEN**-0.5),
        }
        block["attn_output"][0] = block["ffn_down"][0] = 0.0
        weights |= {f"blk.{layer}.{name}.weight": weight for name, weight in block.items()}
    return weights


def write(path: str, seed: int = 0, ends: float = -1.0) -> None:
    """Write the model to a file.

    `ends` is the bias of the token that ends an answer: below 0 an answer ends by its token limit, at 1 soon by itself.
    """
    pieces, kinds = vocabulary()
    first_normal = kinds.index(int(gguf.TokenType.NORMAL))
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(f"tiny-{seed}")
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(pieces))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(pieces)
    writer.add_token_scores([0.0 if number < first_normal else -float(number) for number in range(len(pieces))])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(BEGIN)
    writer.add_eos_token_id(END)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)
    for name, weight in tensors(len(pieces), first_normal, seed, ends).items():
        writer.add_tensor(name, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a tiny Llama model with random weights.")
    parser.add_argument("path")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ends", type=float, default=-1.0)
    given = parser.parse_args()
    write(given.path, given.seed, given.ends)
