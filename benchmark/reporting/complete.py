"""The part of a table of methods and tasks that has no hole."""

from collections.abc import Collection, Mapping


def complete_part(tried: Mapping[str, Collection[str]]) -> tuple[list[str], list[str]]:
    """Choose methods and tasks such that each of the methods was tried on each of the tasks.

    Methods are added one by one, those tried on most tasks first, and tasks that the new one lacks are dropped. Of the
    parts that come of this the one with most cells is chosen, and of equal ones that with most tasks.

    Args:
        tried: by method, the tasks.

    Returns:
        Methods and tasks, each in the order of the alphabet.
    """
    by_reach = sorted(tried, key=lambda method: (-len(set(tried[method])), method))
    tasks = {task for found in tried.values() for task in found}
    best: tuple[list[str], set[str]] = ([], set())
    for count, method in enumerate(by_reach, 1):
        tasks = tasks & set(tried[method])
        if count * len(tasks) > len(best[0]) * len(best[1]):
            best = by_reach[:count], tasks
    return sorted(best[0]), sorted(best[1])
