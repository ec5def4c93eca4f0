import re

import pytest

from cutaway.errors import UsageError
from cutaway.page.linking import link


def _linked(**modules):
    return link("a.js", lambda name: modules[name.removesuffix(".js").replace("/", "_")])


def test_imported_modules_come_first_each_once_and_in_a_function_of_its_own():
    script = _linked(
        a='import { b } from "./b.js";\nimport { c, d as e } from "./sub/c.js";\nexport const a = b(c, e);\n',
        b='import { c } from "./sub/c.js";\nexport async function b() { return c; }\n',
        sub_c="export class c {}\nexport const d = 1;\n",
    )
    assert script == (
        "const linkedModules = {};\n"
        'linkedModules["sub/c.js"] = (() => {\nclass c {}\nconst d = 1;\n\nreturn { c, d };\n})();\n\n'
        'linkedModules["b.js"] = (() => {\nconst { c } = linkedModules["sub/c.js"];\n'
        "async function b() { return c; }\n\nreturn { b };\n})();\n\n"
        'linkedModules["a.js"] = (() => {\nconst { b } = linkedModules["b.js"];\n'
        'const { c, d: e } = linkedModules["sub/c.js"];\nconst a = b(c, e);\n\nreturn { a };\n})();\n'
    )


def test_jsdoc_comments_stay_at_home_and_casts_do_not_matter():
    script = _linked(
        a="/** One line. */\nconst a = 1; // why\n/**\n * @param {number} b\n * @returns {number}\n */\n"
        "const f = (b) => b;\n  /** @type {any} */ (a).c = /** @type {any} */ (f);\n  /** Two. */\n  const g = f;\n"
    )
    assert script == (
        'const linkedModules = {};\nlinkedModules["a.js"] = (() => {\nconst a = 1; // why\nconst f = (b) => b;\n'
        "  /** @type {any} */ (a).c = /** @type {any} */ (f);\n  const g = f;\n\nreturn {  };\n})();\n"
    )


def test_a_name_belongs_to_its_module(run_script):
    script = _linked(
        a='import { b } from "./b.js";\nimport { c as other } from "./c.js";\n'
        "const own = 1;\nexport const a = [own, b(), other];\n",
        b='import { c } from "./c.js";\nlet own = 1;\nexport function b() { return (own += c); }\n',
        c="const own = 5;\nconst a = 3;\nexport const c = own + a;\n",
    )
    assert run_script(f'{script}\nreturn linkedModules["a.js"].a;') == [1, 9, 8]


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        (
            {"a": 'import { b } from "./b.js";\n', "b": 'import { a } from "./a.js";\n'},
            "a.js imports b.js imports a.js",
        ),
        ({"a": "export default 5;\n"}, "cannot link a.js: 'export default 5;'"),
        ({"a": 'import x from "./b.js";\n', "b": ""}, "import x from"),
        ({"a": 'import "./b.js";\n', "b": ""}, "import"),
        ({"a": "export { a };\n"}, "export {"),
        ({"a": "export let a = 1;\n"}, "export let a"),
        ({"a": "export const { a } = b;\n"}, "export const {"),
    ],
)
def test_what_cannot_be_linked_is_refused(modules, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        _linked(**modules)
