"""Data: where they may be chosen, and uploads."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from cutaway.data import PICTURE_ENDINGS, dataset_names
from cutaway.studio.data import DataReference, list_folder, upload_name

from .given import GivenRoots, GivenWorkspace

router = APIRouter(prefix="/api")

Key = Annotated[str, Path(max_length=64)]
UploadName = Annotated[str, Path(max_length=255)]


class ComingFolder(BaseModel):
    """A folder of images that is going to be uploaded."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=1000)]
    folders: list[list[str]]
    files: int
    bytes: Annotated[int, Field(ge=0)]


@router.get("/data")
def places(workspace: GivenWorkspace, places: GivenRoots) -> dict[str, Any]:
    """Where data may be chosen."""
    bundled = [
        {
            "name": info.name,
            "samples": info.samples,
            "shape": list(info.shape),
            "classes": info.classes,
            "provenance": info.provenance,
        }
        for info in dataset_names()
    ]
    folders = [{"folder": number, "name": folder.name or "/"} for number, folder in enumerate(places.folders)]
    uploads = workspace.uploads.rows()
    return {
        "bundled": bundled,
        "folders": folders,
        "uploads": uploads,
        "picture_endings": list(PICTURE_ENDINGS),
    }


@router.get("/data/folder/{folder}")
def folder(
    folder: Annotated[int, Path(ge=0, le=1000)],
    places: GivenRoots,
    part: Annotated[list[str] | None, Query(max_length=64)] = None,
) -> dict[str, Any]:
    """What is in a folder, or in one below it."""
    return list_folder(DataReference(place="folder", folder=folder, parts=tuple(part or ())), places)


@router.get("/uploads/{name}")
def upload_check(name: UploadName, _: GivenWorkspace) -> dict[str, Any]:
    """What a file would be called that is uploaded next; refused here, it need not be sent at all."""
    return {"name": upload_name(name)}


@router.put("/uploads/{name}")
async def upload(name: UploadName, request: Request, workspace: GivenWorkspace) -> Response:
    """Receive a file, whose content is the body."""
    length = request.headers.get("content-length", "")
    try:
        stored = await workspace.uploads.receive(
            name, request.stream(), length=int(length) if length.isdecimal() else None
        )
    except ClientDisconnect:  # nobody is there to be answered
        return Response(status_code=400)
    return JSONResponse({"name": stored, "uploads": workspace.uploads.rows()})


@router.post("/uploads")
def begin_folder(coming: ComingFolder, workspace: GivenWorkspace) -> dict[str, Any]:
    """Announce a folder of images, whose images then come in requests of their own."""
    key = workspace.folder_uploads.begin(coming.name, folders=coming.folders, files=coming.files, size=coming.bytes)
    return {"key": key}


@router.put("/uploads/{key}/files")
async def receive_files(key: Key, request: Request, workspace: GivenWorkspace) -> Response:
    """Receive some images of a folder, as `FolderUploads.receive` takes them."""
    try:
        return JSONResponse(await workspace.folder_uploads.receive(key, request.stream()))
    except ClientDisconnect:
        return Response(status_code=400)


@router.post("/uploads/{key}/finish")
async def finish_folder(key: Key, workspace: GivenWorkspace) -> dict[str, Any]:
    """Make a folder of images a dataset, when all of it is there."""
    stored = await workspace.folder_uploads.finish(key)
    return {"name": stored, "uploads": workspace.uploads.rows()}


@router.delete("/uploads/{key}/files")
def cancel_folder(key: Key, workspace: GivenWorkspace) -> dict[str, Any]:
    """Stop receiving a folder, and remove what has come."""
    workspace.folder_uploads.cancel(key)
    return {"key": key}


@router.delete("/uploads/{name}")
def remove_upload(name: UploadName, workspace: GivenWorkspace) -> dict[str, Any]:
    """Delete an upload."""
    workspace.uploads.remove(name)
    return {"uploads": workspace.uploads.rows()}
