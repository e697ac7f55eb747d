"""`/v1/analyses` and `/v1/models`: files in, timelines out."""

from __future__ import annotations

import asyncio
from typing import Literal

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from emofuse.bundle import find_bundle, shipped_names
from emofuse.core import LABEL_SETS, MissingExtra
from emofuse.export import FORMATS, colours, modality_colours

from .jobs import inspect, remove
from .results import render
from .store import ACTIVE, DONE, FAILED, Job
from .uploads import Upload, receive
from .worker import TOO_LONG

router = APIRouter(prefix="/v1")
PAGE_LABELS = "basic7"
Format = Literal["json", "csv", "parquet", "vtt", "eaf", "textgrid", "png", "html"]
_ID = "3hAq0v2mB6bqgVtKxw0R1g"


class Analysis(BaseModel):
    """Where an analysis stands."""

    id: str = Field(examples=[_ID])
    state: Literal["queued", "running", "done", "failed", "cancelled"] = Field(examples=["done"])
    progress: float = Field(description="Share of the recording analysed, 0..1", examples=[1.0])
    error: str | None = Field(None, description="Why it failed: reason and remedy")
    created: float = Field(description="Seconds since 1970", examples=[1763640000.0])
    expires: float = Field(description="When the result is deleted, seconds since 1970")
    results: dict[str, str] = Field(
        {}, description="Format -> address", examples=[{"csv": f"/v1/analyses/{_ID}?format=csv"}]
    )


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str = Field(examples=["the field named file is missing"])


_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "Video, sound, picture or transcript",
                        },
                        "text": {
                            "type": "string",
                            "format": "binary",
                            "description": "Transcript of the recording: srt, vtt, txt, TextGrid",
                        },
                        "options": {
                            "type": "string",
                            "description": "Fields of emofuse.Options as JSON",
                            "example": '{"window_seconds": 1.0, "labels": "ravdess8"}',
                        },
                        "keep_media": {
                            "type": "string",
                            "enum": ["true", "false"],
                            "description": "Keep the recording until the result expires",
                        },
                    },
                }
            }
        },
    }
}
_REFUSALS = {
    code: {"model": Problem, "description": text}
    for code, text in {
        400: "Not a valid form",
        401: "No valid token",
        408: "The upload was too slow",
        413: "Too large or too long",
        415: "Not multipart/form-data, or an unknown kind of transcript",
        422: "No file, not a recording, or impossible options",
        429: "Too many uploads or waiting analyses",
    }.items()
}


@router.post(
    "/analyses", status_code=202, response_model=Analysis, openapi_extra=_FORM, responses=_REFUSALS
)
async def start_analysis(request: Request) -> Analysis:
    """Upload a recording. The answer comes at once; follow it at `GET /v1/analyses/{id}`."""
    state = request.app.state
    client = request.client.host if request.client else "?"
    if not state.uploads.take(client):
        raise HTTPException(429, "too many uploads a minute; wait", {"Retry-After": "10"})
    counts = await asyncio.to_thread(state.store.states)
    if counts.get("queued", 0) >= state.settings.limits.waiting_jobs:
        raise HTTPException(429, "too many analyses wait already", {"Retry-After": "60"})
    upload = await receive(request, folder=state.settings.uploads, limits=state.settings.limits)
    try:
        await _refuse_unusable(upload, state.settings)
        id = await asyncio.to_thread(
            state.store.add,
            upload.media,
            upload.words,
            upload.options,
            keep_media=upload.keep_media,
            keep_seconds=state.settings.keep_seconds,
        )
    except BaseException:
        remove(*upload.files)
        raise
    return describe(await asyncio.to_thread(state.store.get, id))


async def _refuse_unusable(upload: Upload, settings) -> None:
    if upload.media.suffix:  # a transcript, already read
        return
    found = await inspect(upload.media, settings)
    if "error" in found:
        raise HTTPException(422, str(found["error"]))
    if (found["seconds"] or 0) > settings.limits.media_seconds:
        raise HTTPException(413, f"{TOO_LONG} ({settings.limits.media_seconds:.0f} s)")


@router.get(
    "/analyses/{id}",
    response_model=Analysis,
    responses={
        200: {"content": {"text/csv": {}, "image/png": {}, "text/vtt": {}}},
        404: {"model": Problem, "description": "Unknown or expired"},
        409: {"model": Problem, "description": "Not finished yet"},
        422: {"model": Problem, "description": "The analysis failed; says why"},
    },
)
def get_analysis(request: Request, id: str, format: Format | None = None):
    """Without `format`: where the analysis stands. With it: the result as a file."""
    job = _job(request, id)
    if format is None:
        return describe(job)
    timeline, thumbnails = _result(request, job)
    try:
        rendered = render(timeline, thumbnails, format)
    except MissingExtra as error:
        raise HTTPException(501, str(error)) from None
    name = f"emofuse-{id[:8]}{rendered.suffix}"
    return Response(
        rendered.data,
        media_type=rendered.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/analyses/{id}/thumbnails")
def get_thumbnails(request: Request, id: str) -> Response:
    """Small pictures of each face: `[{person, seconds, png}]`, png in base64."""
    _, thumbnails = _result(request, _job(request, id))
    return Response(thumbnails, media_type="application/json")


@router.get("/analyses/{id}/media", response_class=FileResponse)
def get_media(request: Request, id: str) -> FileResponse:
    """The recording itself, where it was asked to be kept."""
    job = _job(request, id)
    if not job.keep_media or not job.media.is_file():
        raise HTTPException(404, "the recording was not kept")
    return FileResponse(job.media, media_type="application/octet-stream", filename=f"{id}.bin")


@router.post("/analyses/{id}/cancel", response_model=Analysis)
def cancel_analysis(request: Request, id: str) -> Analysis:
    """Stop waiting or running; 409 when it is already over."""
    job, store = _job(request, id), request.app.state.store
    if not store.cancel(id):
        raise HTTPException(409, f"it is already {_job(request, id).state}")
    if not job.keep_media:
        remove(*job.files)
    return describe(_job(request, id))


@router.delete("/analyses/{id}", status_code=204)
def delete_analysis(request: Request, id: str) -> Response:
    """Erase an analysis and everything that belongs to it, now."""
    job, store = _job(request, id), request.app.state.store
    store.cancel(id)
    store.delete(id)
    remove(*job.files)
    return Response(status_code=204)


@router.get("/models")
def get_models() -> dict[str, object]:
    """The models with their held-out scores and licences, the label sets, and their colours."""
    specs = [find_bundle(name).spec for name in shipped_names()]
    return {
        "models": [
            {
                "name": spec.name,
                "version": spec.version,
                "modality": spec.modality,
                "labels": list(spec.labels),
                "scores": spec.scores,
                "protocol": spec.protocol,
                "licence": spec.licence,
                "training_data": spec.training_data,
                "limits": list(spec.limits),
            }
            for spec in specs
        ],
        "label_sets": {name: list(labels) for name, labels in LABEL_SETS.items()},
        "colours": colours([*LABEL_SETS[PAGE_LABELS], "uncertain"]),
        "modality_colours": modality_colours(("face", "voice", "text", "eeg")),
        "formats": list(FORMATS),
    }


def describe(job: Job) -> Analysis:
    done = job.state == DONE
    return Analysis(
        id=job.id,
        state=job.state,
        progress=round(job.progress, 4),
        error=job.error,
        created=job.created,
        expires=job.expires,
        results={f: f"/v1/analyses/{job.id}?format={f}" for f in FORMATS} if done else {},
    )


def _job(request: Request, id: str) -> Job:
    job = request.app.state.store.get(id)
    if job is None:
        raise HTTPException(404, "no such analysis; results expire")
    return job


def _result(request: Request, job: Job) -> tuple[str, str]:
    if job.state == FAILED:
        raise HTTPException(422, f"the analysis failed: {job.error}")
    if job.state != DONE:
        detail = "not finished yet" if job.state in ACTIVE else f"it was {job.state}"
        raise HTTPException(409, detail)
    return request.app.state.store.result(job.id)
