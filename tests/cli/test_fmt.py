import json
import stat

UGLY = '# note\nmodel   a="sim/a"\nlayer [a]x3->vote # why\n'
TIDY = '# note\nmodel a = "sim/a"\nlayer [a]x3 -> vote  # why\n'


def test_a_file_is_formatted_in_place(moaql, write):
    path = write("p.moaql", UGLY)
    path.chmod(0o640)
    done = moaql("fmt", "p.moaql")
    assert (done.code, done.out, done.err) == (0, "", "p.moaql: formatted\n")
    assert path.read_text() == TIDY
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert moaql("fmt", "p.moaql").err == "1 program is formatted already\n"
    assert [each.name for each in path.parent.iterdir()] == ["p.moaql"]


def test_check_writes_nothing_and_fails(moaql, write):
    path = write("p.moaql", UGLY)
    assert moaql("fmt", "--check", "p.moaql").code == 1
    assert path.read_text() == UGLY
    write("tidy.moaql", TIDY)
    assert moaql("fmt", "--check", "tidy.moaql").code == 0


def test_diff_shows_what_would_change(moaql, write):
    path = write("p.moaql", UGLY)
    done = moaql("fmt", "--diff", "p.moaql")
    assert done.code == 1
    before, after = UGLY.splitlines()[1:], TIDY.splitlines()[1:]
    assert done.out.splitlines()[4:] == [*(f"-{line}" for line in before), *(f"+{line}" for line in after)]
    assert path.read_text() == UGLY


def test_standard_input_goes_to_standard_output(moaql):
    done = moaql("fmt", "-", stdin=UGLY.encode())
    assert (done.code, done.out) == (0, TIDY)


def test_json_names_the_changed_files(moaql, write):
    write("p.moaql", UGLY)
    write("tidy.moaql", TIDY)
    document = json.loads(moaql("fmt", "--json", "p.moaql", "tidy.moaql").out)
    assert document["changed"] == ["p.moaql"]


def test_a_file_with_syntax_errors_is_left_and_the_others_are_formatted(moaql, write):
    broken, ugly = write("broken.moaql", "layer [a\n"), write("p.moaql", UGLY)
    done = moaql("fmt", "broken.moaql", "p.moaql")
    assert done.code == 1
    assert "error[E116]: `[` is never closed" in done.err
    assert broken.read_text() == "layer [a\n"
    assert ugly.read_text() == TIDY


def test_a_program_with_unknown_names_is_formatted_all_the_same(moaql, write):
    path = write("p.moaql", "layer   [nobody]  ->  vote\n")
    assert moaql("fmt", "p.moaql").code == 0
    assert path.read_text() == "layer [nobody] -> vote\n"


def test_line_ends_and_the_byte_order_mark_stay(moaql, write):
    path = write("p.moaql", b"\xef\xbb\xbf" + UGLY.replace("\n", "\r\n").encode())
    assert moaql("fmt", "p.moaql").code == 0
    assert path.read_bytes() == b"\xef\xbb\xbf" + TIDY.replace("\n", "\r\n").encode()
    assert moaql("fmt", "--check", "p.moaql").code == 0


def test_a_link_stays_a_link(moaql, write):
    path = write("real/p.moaql", UGLY)
    link = path.parent.parent / "link.moaql"
    link.symlink_to(path)
    assert moaql("fmt", "link.moaql").code == 0
    assert link.is_symlink()
    assert path.read_text() == TIDY
