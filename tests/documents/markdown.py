"""What Markdown files hold: commands, links, headings."""
import re
import shlex
import subprocess


def files(root):
    """Every Markdown file that git knows or would take."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
                            capture_output=True, text=True)
    names = listed.stdout.split() if listed.returncode == 0 else [p.relative_to(root) for p in root.rglob("*.md")]
    skipped = {"build", "deps", "runs", ".venv"}
    return sorted(root / name for name in names if (root / name).exists() and str(name).split("/")[0] not in skipped)


def fenced(text):
    """(line number, language, text) of each fenced block."""
    lines, blocks, start = text.split("\n"), [], None
    for number, line in enumerate(lines, 1):
        if not line.startswith("```"):
            continue
        if start is None:
            start, language = number, line[3:].strip()
        else:
            blocks.append((start + 1, language, "\n".join(lines[start:number - 1])))
            start = None
    return blocks


def prose(text):
    """The text without its fenced blocks, whose lines are left empty."""
    inside, kept = False, []
    for line in text.split("\n"):
        fence = line.startswith("```")
        kept.append("" if inside or fence else line)
        inside ^= fence
    return "\n".join(kept)


def commands(block):
    """(line within the block, command): a here-document belongs to its command, and so does a line behind a backslash."""
    lines, found, number = block.split("\n"), [], 0
    while number < len(lines):
        start, text = number, lines[number]
        number += 1
        while text.endswith("\\") and number < len(lines):
            text += "\n" + lines[number]
            number += 1
        here = re.search(r"<<'?(\w+)'?", text)
        while here and number < len(lines):
            text += "\n" + lines[number]
            number += 1
            if lines[number - 1] == here.group(1):
                break
        if text.strip() and not text.lstrip().startswith("#"):
            found.append((start, text))
    return found


def words(command):
    """The words of the first line's commands, without comments; [] where they are none of the shell's."""
    first = command.split("<<", 1)[0].replace("\\\n", " ")
    try:
        return shlex.split(first, comments=True)
    except ValueError:
        return []


def inline(text):
    """(line number, code) of each `code` in the prose."""
    for match in re.finditer(r"(?<!`)`([^`]+)`(?!`)", prose(text)):
        yield text.count("\n", 0, match.start()) + 1, " ".join(match.group(1).split())


def links(text):
    """(line number, target) of each link and picture in the prose."""
    bare = re.sub(r"`[^`\n]*`", lambda code: " " * len(code.group()), prose(text))
    for match in re.finditer(r"\]\(([^)\s]+)\)", bare):
        yield bare.count("\n", 0, match.start()) + 1, match.group(1)


def anchors(text):
    """What a link may name behind #, as GitHub makes it of headings."""
    names = set()
    for line in prose(text).split("\n"):
        if heading := re.match(r"#+ (.*)", line):
            plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading.group(1)).lower()
            slug = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
            count = sum(1 for name in names if re.fullmatch(re.escape(slug) + r"(-\d+)?", name))
            names.add(f"{slug}-{count}" if count else slug)
    return names
