"""Gives a fixture script its Python peers: installs what is missing into a private environment."""
import importlib.util
import os
import pathlib
import subprocess
import sys
import venv

# Module → what pip is asked for. On Linux the CPU build of torch is enough.
PEERS = {
    "torch": "torch==2.13.0",
    "numpy": "numpy>=2",
    "scipy": "scipy==1.17.1",
    "mpmath": "mpmath==1.3.0",
    "jax": "jax==0.10.2",
    "optax": "optax==0.2.8",
    "cvxpy": "cvxpy==1.9.3",
    "adan_pytorch": "adan-pytorch==0.1.0",
    "dadaptation": "dadaptation==3.2",
    "lion_pytorch": "lion-pytorch==0.2.5",
    "prodigyopt": "prodigyopt==1.1.2",
    "pytorch_optimizer": "pytorch-optimizer==4.1.0",
    "schedulefree": "schedulefree==1.4.1",
}


def version(module):
    """"torch 2.13.0", as it is written beside the numbers."""
    from importlib.metadata import version as of

    package = PEERS[module].split("=")[0].split(">")[0]
    return f"{package} {of(package).split('+')[0]}"


def have(module):
    return importlib.util.find_spec(module) is not None


def need(*modules):
    """Returns when all modules can be imported; otherwise re-runs the script where they can."""
    missing = [m for m in modules if not have(m)]
    if not missing:
        return
    home = pathlib.Path(__file__).resolve().parents[2] / "build" / "peers"
    python = home / "bin" / "python"
    if os.environ.get("THALWEG_PEERS") == str(home):
        sys.exit(f"still missing after the installation: {', '.join(missing)}")
    if not python.exists():
        venv.create(home, with_pip=True)
    subprocess.check_call([python, "-m", "pip", "install", "--quiet", *(PEERS[m] for m in modules)])
    environment = dict(os.environ, THALWEG_PEERS=str(home))
    os.execve(python, [str(python), *sys.argv], environment)
