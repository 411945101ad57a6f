"""Runs an answer's code and its tests with as few rights as the system lets it give up. Started as a script; imports no moaql.

Standard input holds the job as JSON; standard output gets the report; what the code prints goes to standard error. Each guard of
the system that is not permitted here is left out: the guards in Python stand behind all of them. docs/metrics.md says what
holds without which.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any

_NOBODY = 65534
# From linux/sched.h, linux/prctl.h and linux/landlock.h.
_NAMESPACES = 0x10000000 | 0x40000000 | 0x20000000 | 0x08000000 | 0x00020000  # user, net, process ids, IPC, mounts
_SET_PARENT_DEATH_SIGNAL, _SET_DUMPABLE, _SET_NO_NEW_PRIVILEGES = 1, 4, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ, _READ_FOLDER, _WRITE, _TRUNCATE = 1 << 2, 1 << 3, 1 << 1, 1 << 14
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights of files each version of Landlock knows; later ones know 16."""
_SHARED = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/etc/ld.so.cache")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
_NAMES = (
    *("remove", "rename", "rmdir", "mkdir", "link", "symlink", "truncate", "chmod", "chown", "lchown", "utime"),
    *("setxattr", "removexattr", "chflags"),
)
_CHANGES = frozenset(f"os.{name}" for name in _NAMES)
_STARTS = (
    "os.fork",
    "os.forkpty",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "os.kill",
    "os.killpg",
    "subprocess.",
)
_BEHIND = ("ctypes.", "signal.pthread_kill", "fcntl.", "pty.", "webbrowser.")


def main() -> None:
    """Read the job, give up rights, run, report."""
    job = json.loads(sys.stdin.buffer.read())
    report = os.dup(1)
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    try:
        problem = _give_up_rights(job)
    except Exception as error:
        problem = _said(error)
    outcome = {"setup": problem} if problem else _run(job["code"], job["tests"])
    # Written and left at once, so that no thread and no exit handler of the code comes after it.
    os.write(report, json.dumps({"mark": job["mark"], **outcome}).encode())
    os._exit(0)


def _run(code: str, tests: list[str]) -> dict[str, Any]:
    # Under another name than __main__, so that examples behind the usual guard do not run.
    names: dict[str, Any] = {"__name__": "answer"}
    failure = _failure(code, "answer", names)
    if failure is not None:
        return {"answer": failure}
    return {"tests": [_failure(test, "tests", names) for test in tests]}


def _failure(code: str, file: str, names: dict[str, Any]) -> str | None:
    """What goes wrong in a piece of code, or None."""
    try:
        exec(compile(code, file, "exec", dont_inherit=True), names)  # noqa: S102 - this is what it is for
    except BaseException as error:  # sys.exit() is no way to pass
        return _said(error)
    return None


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:300].rstrip(": ")
    except BaseException:  # its text is code of the answer too
        return type(error).__name__


def _give_up_rights(job: dict[str, Any]) -> str:
    """Give up all that is not needed, from the surest guard to the weakest; what went wrong, or ""."""
    # Needed by nearly every answer, and by the guards themselves.
    library = [path for path in sys.path if os.path.isdir(path)]
    libc = ctypes.CDLL(None, use_errno=True) if job["system"] and sys.platform == "linux" else None
    if os.geteuid() == 0:
        _leave_root(library)
        if not any(os.access(os.path.join(path, "os.py"), os.R_OK) for path in sys.path):
            return "Python's own library cannot be read by other users than root"
    if libc is not None:
        libc.prctl(_SET_DUMPABLE, 1, 0, 0, 0)
        _separate(libc, int(job["folder_bytes"]))
    _bound(job)
    if libc is not None:
        libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _keep_to(libc, library)
        _drop_capabilities(libc)
    if job["hook"]:
        sys.addaudithook(_hook(os.path.realpath("."), tuple(sys.path)))
    return ""


def _leave_root(library: list[str]) -> None:
    """Become nobody: limits on processes do not hold for root. The library is reached by open folders, as it may lie in root's."""
    if os.path.isdir("/proc/self/fd"):
        opened = {path: f"/proc/self/fd/{os.open(path, os.O_RDONLY | os.O_DIRECTORY)}" for path in library}
        sys.path[:] = opened.values()
        # Packages that are loaded already look for their modules by the old path.
        for package in [each for each in sys.modules.values() if hasattr(each, "__path__")]:
            folder, name = os.path.split(next(iter(package.__path__), ""))
            if folder in opened:
                package.__path__ = [os.path.join(opened[folder], name)]
    os.chown(".", _NOBODY, _NOBODY)
    os.setgroups([])
    os.setgid(_NOBODY)
    os.setuid(_NOBODY)
    if sys.platform == "linux":
        # Else its own folder in /proc stays root's, and with it the way to the library.
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 1, 0, 0, 0)


def _separate(libc: ctypes.CDLL, folder_bytes: int) -> None:
    """Namespaces: no network, no other process in sight, a folder of bounded size."""
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_NAMESPACES) != 0:
        return
    try:
        for file, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{file}", "w", encoding="ascii") as out:
                out.write(text)
    except OSError:
        # Permitted by half, as where a security module takes the new namespace's rights away.
        pass
    else:
        folder = os.getcwd().encode()
        options = f"size={folder_bytes},nr_inodes=1000,mode=700,uid={user},gid={group}".encode()
        if libc.mount(b"tmpfs", folder, b"tmpfs", 2 | 4, options) == 0:  # no set-user-id, no devices
            os.chdir(folder)
    inner = os.fork()
    if inner:
        _watch(inner)
    os.setsid()
    libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)


def _watch(inner: int) -> None:
    """Wait for the first process of the namespace: with it, all that it started end."""
    signal.signal(signal.SIGTERM, lambda *_: os.kill(inner, signal.SIGKILL))
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    _, status = os.waitpid(inner, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _bound(job: dict[str, Any]) -> None:
    limits = {
        "CPU": int(job["seconds"]) + 1,
        "AS": job["memory"],
        "DATA": job["memory"],
        "FSIZE": job["folder_bytes"],
        "NPROC": job["processes"],
        "NOFILE": 64,
        "CORE": 0,
    }
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is None:
            continue
        try:
            hard = resource.getrlimit(kind)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)  # noqa: PLW2901
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):
            continue  # macOS has limits that cannot be set


def _keep_to(libc: ctypes.CDLL, library: list[str]) -> None:
    """Landlock: reading Python's library and shared libraries, writing in the folder, nothing else."""
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return
    rights = (1 << _FILE_RIGHTS.get(version, 16)) - 1
    net = 3 if version >= 4 else 0
    scoped = 3 if version >= 6 else 0
    handled = (ctypes.c_uint64 * 3)(rights, net, scoped)
    ruleset = libc.syscall(_CREATE_RULESET, handled, 8 if version < 4 else 16 if version < 6 else 24, 0)
    if ruleset < 0:
        return
    opened = [path for path in sys.path if path.startswith("/proc/self/fd/")]
    for path in (*opened, *library, *_SHARED):
        _allow(libc, ruleset, path, _READ | (_READ_FOLDER if os.path.isdir(path) else 0))
    for path in _DEVICES:
        _allow(libc, ruleset, path, _READ | _WRITE | (_TRUNCATE & rights))
    _allow(libc, ruleset, ".", rights)
    libc.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_RDONLY)
    except OSError:
        return
    rule = (ctypes.c_char * 12).from_buffer_copy(rights.to_bytes(8, sys.byteorder) + place.to_bytes(4, sys.byteorder))
    libc.syscall(_ADD_RULE, ruleset, 1, rule, 0)
    os.close(place)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """The first process of a user namespace has all rights in it; its code needs none."""
    libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())


def _hook(folder: str, library: tuple[str, ...]) -> Any:
    """Guards in Python (PEP 578), for where the system permits no others. Not sure ones: Python code can get around them."""
    inside, real = folder + os.sep, os.path.realpath
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def outside(path: Any) -> bool:
        if not isinstance(path, str | bytes):
            return False
        path = os.fsdecode(path)
        return path not in _DEVICES and not (real(path) + os.sep).startswith(inside)

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = given
            if isinstance(flags, int) and flags & writes and outside(path):
                raise PermissionError(f"code under test may not write {path!r}")
            if isinstance(path, str) and path.startswith("/proc/") and not path.startswith(library):
                raise PermissionError(f"code under test may not read {path!r}")
        elif event in _CHANGES or event.startswith("shutil."):
            if any(outside(each) for each in given):
                raise PermissionError("code under test may not change files outside its folder")
        elif event.startswith("socket.") and not _inner_socket(event, given):
            raise PermissionError("code under test has no network")
        elif event.startswith((*_STARTS, *_BEHIND)):
            raise PermissionError(f"code under test may not do this: {event}")

    return hook


def _inner_socket(event: str, given: tuple[Any, ...]) -> bool:
    """Whether it is one of the two ends that an event loop talks to itself by."""
    return event == "socket.__new__" and len(given) > 1 and int(given[1]) == 1


if __name__ == "__main__":
    main()
