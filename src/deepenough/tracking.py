"""MLflow: what is registered goes there, too, and comes from there, where ``MLFLOW_TRACKING_URI`` names a server.

Naming a server is the asking: without it nothing here is called, and no network is used.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from deepenough import registry
from deepenough.errors import BundleError, DeepEnoughError, PublishError, RegistryError, Unavailable
from deepenough.registry import MANIFEST, SCHEME, Reference, Registry, Store, Version

SERVER = "MLFLOW_TRACKING_URI"
DIGEST = "deepenough.digest"  # the tag by which a version is known again
BUNDLE = "bundle"  # where the bundle stands among the artifacts of a run
EXPERIMENT = "deepenough"
# What is set while MLflow works, unless the user has set it: it reports to nobody, says little, and gives up in time.
MANNERS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
}


@dataclass(frozen=True)
class Facts:
    """What is told of a version beside its bundle: numbers, settings, a sentence, and documents of its run."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    sentence: str = ""
    documents: Sequence[Path] = ()


@dataclass(frozen=True)
class Published:
    """A version on the MLflow server; `new` is False where this bundle was there already."""

    name: str
    version: int
    run_id: str
    new: bool

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        return asdict(self) | {"uri": f"{SCHEME}{self.name}/{self.version}"}


def asked() -> bool:
    """Whether a server is named."""
    return bool(os.environ.get(SERVER, "").strip())


def must_be_installed() -> None:
    """Raise `Unavailable` where a server is named and MLflow is not there."""
    if find_spec("mlflow") is None:
        raise Unavailable(
            f"{SERVER} is set, and MLflow is not installed here. Install it with: pip install 'deepenough[mlflow]', or take "
            f"{SERVER} away to leave MLflow out."
        )


def publish(version: Version, facts: Facts, alias: str | None) -> Published:
    """Bring a version to the server: a run with its numbers and files, a model version, an alias. The same again: once.

    Raises `PublishError` where the server cannot be reached or says no.
    """
    with _client() as client:
        found = _version_of(client, version.name, version.digest)
        new = found is None
        if found is None:
            found = _create(client, version, facts)
        if alias:
            client.set_registered_model_alias(version.name, alias, found.version)
        return Published(version.name, int(found.version), found.run_id, new)


def follow(kept: Registry, name: str, alias: str) -> list[str]:
    """Bring an alias on the server to where it points here; returns notes.

    Raises `PublishError` where the server cannot be reached or says no.
    """
    number = kept.aliases(name).get(alias)
    try:
        with _client() as client:
            if number is None:
                _take_away(client, name, alias)
                return []
            digest = next(v.digest for v in kept.versions(name) if v.version == number)
            found = _version_of(client, name, digest)
            if found is not None:
                client.set_registered_model_alias(name, alias, found.version)
                return []
    except PublishError as error:
        mend = f" Then: deepenough models {name}/{number} --alias {alias}" if number else ""
        raise PublishError(f"The alias moved here, and not on MLflow: {error}{mend}") from error
    return [f"MLflow has no copy of {name}/{number}: register it again, and it is published."]


def find(path: str | Path) -> Path:
    """Return the folder that is meant, as `registry.find`; ``models:/NAME@alias`` is asked of the server where one is named."""
    text = path if isinstance(path, str) else path.as_posix()
    reference = registry.parse(text)
    if reference is not None and text.startswith(SCHEME) and asked():
        return fetch(reference)
    return registry.find(path)


def fetch(reference: Reference) -> Path:
    """Return a local copy of a version on the server, downloaded once and kept beside the registry, by its hash.

    Raises `PublishError` where there is none, `BundleError` where it is no bundle or not the one that was published.
    """
    store = Store(Registry().folder / "fetched")
    with _client(RegistryError) as client:
        there = _meant(client, reference)
        digest = there.tags.get(DIGEST)
        if digest and store.has(digest):
            return store.place(digest)
        with tempfile.TemporaryDirectory() as folder:
            got = import_module("mlflow.artifacts").download_artifacts(artifact_uri=there.source, dst_path=folder)
            files = sorted(p for p in Path(got).rglob("*") if p.is_file() and not p.is_symlink())
            if not (Path(got) / MANIFEST).is_file():
                raise BundleError(f"'{SCHEME}{reference}' is no bundle of deepenough: it has no {MANIFEST}.")
            temporary, seen = store.write((p.relative_to(got).as_posix(), p.read_bytes()) for p in files)
    try:
        if digest and seen != digest:
            raise BundleError(f"'{SCHEME}{reference}' is not what was published: its hash differs. Publish it again.")
        store.keep(temporary, seen)
    finally:
        store.drop(temporary)
    return store.place(seen)


@contextmanager
def _client(refusal: type[DeepEnoughError] = PublishError) -> Iterator[Any]:
    """Give MLflow's client; what goes wrong is a sentence that repeats no address, since that may hold a password.

    `refusal` is raised where the server says no, `PublishError` where it says nothing.
    """
    must_be_installed()
    ours = {name: value for name, value in MANNERS.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        mlflow = import_module("mlflow")
        refused = import_module("mlflow.exceptions").MlflowException
        try:
            yield mlflow.MlflowClient()
        except (refused, OSError) as error:
            code = getattr(error, "error_code", None)
            if code in (None, "INTERNAL_ERROR"):
                kind = type(error).__name__
                raise PublishError(
                    f"The MLflow server that {SERVER} names does not answer ({kind}). Check that it runs."
                ) from error
            said = str(error).removeprefix(f"{code}: ").splitlines()[0][:300].rstrip(".")
            raise refusal(f"MLflow says no ({code}): {said}.") from error
    finally:
        for name in ours:
            os.environ.pop(name, None)


def _has(client: Any, name: str) -> bool:
    return any(model.name == name for model in client.search_registered_models(f"name = '{name}'"))


def _take_away(client: Any, name: str, alias: str) -> None:
    if _has(client, name) and alias in client.get_registered_model(name).aliases:
        client.delete_registered_model_alias(name, alias)


def _version_of(client: Any, name: str, digest: str) -> Any:
    found = client.search_model_versions(f"name = '{name}' and tag.`{DIGEST}` = '{digest}'")
    return next((v for v in found if v.status == "READY"), None)


def _meant(client: Any, reference: Reference) -> Any:
    """Return the version on the server that a reference means."""
    if reference.alias:
        return client.get_model_version_by_alias(reference.name, reference.alias)
    if reference.number:
        return client.get_model_version(reference.name, str(reference.number))
    every = client.search_model_versions(f"name = '{reference.name}'")
    if not every:
        raise RegistryError(f"MLflow has no model '{reference.name}'.")
    return max(every, key=lambda v: int(v.version))


def _create(client: Any, version: Version, facts: Facts) -> Any:
    """Log a run and make a model version of its bundle; a run that does not come that far is marked as failed."""
    if not _has(client, version.name):
        client.create_registered_model(version.name)
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    experiment = client.get_experiment_by_name(name)
    number = experiment.experiment_id if experiment else client.create_experiment(name)
    tags = {DIGEST: version.digest, "deepenough.version": version.made_by}
    run = client.create_run(number, run_name=version.name, tags=tags)
    run_id, status = run.info.run_id, "FAILED"
    try:
        for key, text in facts.params.items():
            client.log_param(run_id, key, text)
        for key, value in facts.metrics.items():
            client.log_metric(run_id, key, value)
        for path in facts.documents:
            client.log_artifact(run_id, str(path))
        client.log_artifacts(run_id, str(version.folder), BUNDLE)
        source = f"{run.info.artifact_uri}/{BUNDLE}"
        made = client.create_model_version(version.name, source, run_id, tags, description=facts.sentence)
        status = "FINISHED"
        return made
    finally:
        client.set_terminated(run_id, status)
