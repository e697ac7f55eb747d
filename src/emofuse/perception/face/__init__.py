"""Faces: detect, follow with an identity, measure, align."""

from .align import FRONT_ENDS, align_face, expression_crop
from .box import box_crop, coloured, unit_planes
from .detector import Detection, FaceDetector
from .geometry import GEOMETRY_FEATURES
from .mesh import FaceMesh, mesh_on_crop, region_of_detection, region_of_mesh
from .quality import FaceQuality
from .region import Region
from .tracker import FaceTracker, TrackedFace, TrackerOptions

__all__ = [
    "FRONT_ENDS",
    "GEOMETRY_FEATURES",
    "Detection",
    "FaceDetector",
    "FaceMesh",
    "FaceQuality",
    "FaceTracker",
    "Region",
    "TrackedFace",
    "TrackerOptions",
    "align_face",
    "box_crop",
    "coloured",
    "expression_crop",
    "mesh_on_crop",
    "region_of_detection",
    "region_of_mesh",
    "unit_planes",
]
