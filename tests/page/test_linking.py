import re

import pytest

from cutaway.errors import UsageError
from cutaway.page.linking import link


def _linked(**modules):
    return link("a.js", lambda name: modules[name.removesuffix(".js").replace("/", "_")])


def test_imported_modules_come_first_each_once_and_without_imports_and_exports():
    script = _linked(
        a='import { b } from "./b.js";\nimport { c } from "./sub/c.js";\nexport const a = b + c;\n',
        b='import { c } from "./sub/c.js";\nexport function b() { return c; }\n',
        sub_c="export class c {}\n",
    )
    assert script == "// sub/c.js\nclass c {}\n\n// b.js\nfunction b() { return c; }\n\n// a.js\nconst a = b + c;\n"


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        (
            {"a": 'import { b } from "./b.js";\n', "b": 'import { a } from "./a.js";\n'},
            "a.js imports b.js imports a.js",
        ),
        ({"a": 'import { x } from "./b.js";\nconst x = 1;\n', "b": "export const x = 2;\n"}, "x in b.js and in a.js"),
        ({"a": "export default 5;\n"}, "'export default 5;' in a.js"),
        ({"a": 'import x from "./b.js";\n', "b": ""}, "import x from"),
        ({"a": "export { a };\n"}, "export {"),
    ],
)
def test_what_cannot_be_linked_is_refused(modules, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        _linked(**modules)
