"""Faces: detect, follow with an identity, measure, align."""

from .align import FRONT_ENDS, align_face, expression_crop
from .box import box_crop, coloured, planes, unit_planes
from .detector import Detection, FaceDetector
from .film import FaceCutter, FrameOptions, arranged, nearest_frames, sample_times
from .geometry import GEOMETRY_FEATURES
from .mesh import FaceMesh, mesh_on_crop, region_of_detection, region_of_mesh
from .openface import ACTION_UNITS, UnitTrack, is_unit_table, read_units, unit_steps
from .quality import FaceQuality
from .region import Region
from .tracker import FaceTracker, TrackedFace, TrackerOptions

__all__ = [
    "ACTION_UNITS",
    "FRONT_ENDS",
    "GEOMETRY_FEATURES",
    "Detection",
    "FaceCutter",
    "FaceDetector",
    "FaceMesh",
    "FaceQuality",
    "FaceTracker",
    "FrameOptions",
    "Region",
    "TrackedFace",
    "TrackerOptions",
    "UnitTrack",
    "align_face",
    "arranged",
    "box_crop",
    "coloured",
    "expression_crop",
    "is_unit_table",
    "mesh_on_crop",
    "nearest_frames",
    "planes",
    "read_units",
    "region_of_detection",
    "region_of_mesh",
    "sample_times",
    "unit_planes",
    "unit_steps",
]
