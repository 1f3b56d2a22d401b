"""Sets up and runs this project on one machine: the Python environment, PostgreSQL, Valkey and our processes.

``bin/demo`` and ``bin/test`` start here, on a machine that may have nothing but Python 3.11. So this package
uses the standard library only and never imports Django.

==============  =========================================================================================
console         what a person reads while waiting, and ``Stop``, the error that ends a run with a sentence
places          where the checkout is, and where its state lives
supervisor      starts programs, notices when one dies, and leaves none behind
system          libraries and programs that only the operating system's package manager can provide
environment     ``.venv`` and what is installed in it
postgres        one private PostgreSQL cluster
valkey          one private Valkey (or Redis) server
backing         the chain: an address from outside, the wheel, the system's own programs
demo            ``bin/demo``
suite           ``bin/test``
bench           ``bin/bench``
==============  =========================================================================================
"""
