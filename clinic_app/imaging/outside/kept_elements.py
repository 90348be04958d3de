"""What stays in a picture that leaves without its patient: the elements on this list, and no others.

PS3.15 lists what has to go, which is safe only for what the list's authors knew. This list is the other way round: it
names what is needed to show a picture, to measure in it and to place it beside others. What is not on it goes,
whoever invented it, whether at the top or deep in a sequence. No element of free text and no private one is on it.

Sources: DICOM PS3.15 annex E (Basic Application Level Confidentiality Profile), PS3.3 C.7.6, C.8.
"""

from __future__ import annotations

from typing import Final

_PICTURE: Final = """
    SamplesPerPixel PhotometricInterpretation Rows Columns PixelAspectRatio BitsAllocated BitsStored HighBit
    PixelRepresentation SmallestImagePixelValue LargestImagePixelValue PlanarConfiguration PixelPaddingValue
    PixelPaddingRangeLimit NumberOfFrames FrameIncrementPointer PixelData ColorSpace ICCProfile
    RedPaletteColorLookupTableDescriptor GreenPaletteColorLookupTableDescriptor BluePaletteColorLookupTableDescriptor
    RedPaletteColorLookupTableData GreenPaletteColorLookupTableData BluePaletteColorLookupTableData
    SegmentedRedPaletteColorLookupTableData SegmentedGreenPaletteColorLookupTableData
    SegmentedBluePaletteColorLookupTableData LossyImageCompression LossyImageCompressionRatio
    LossyImageCompressionMethod ImageType FrameType ConversionType OpticalPathSequence
"""
_VALUES: Final = """
    RescaleIntercept RescaleSlope RescaleType ModalityLUTSequence ModalityLUTType LUTDescriptor LUTData WindowCenter
    WindowWidth VOILUTFunction VOILUTSequence PresentationLUTShape PresentationLUTSequence PixelIntensityRelationship
    PixelIntensityRelationshipSign Units RealWorldValueMappingSequence RealWorldValueFirstValueMapped
    RealWorldValueLastValueMapped RealWorldValueIntercept RealWorldValueSlope MeasurementUnitsCodeSequence
    PixelValueTransformationSequence FrameVOILUTSequence DecayCorrection DoseUnits DoseType DoseGridScaling
    DoseSummationType GridFrameOffsetVector
"""
_PLACE: Final = """
    PixelSpacing ImagerPixelSpacing NominalScannedPixelSpacing PixelSpacingCalibrationType
    EstimatedRadiographicMagnificationFactor DistanceSourceToDetector DistanceSourceToPatient
    DistanceObjectToTableTop ImagePositionPatient ImageOrientationPatient PatientPosition PatientOrientation
    SliceThickness SpacingBetweenSlices SliceLocation FrameOfReferenceUID Laterality ImageLaterality FrameLaterality
    ViewPosition BodyPartExamined AnatomicRegionSequence AnatomicRegionModifierSequence ViewCodeSequence
    ViewModifierCodeSequence PlanePositionSequence PlaneOrientationSequence PixelMeasuresSequence
    FrameAnatomySequence GantryDetectorTilt TableHeight ReconstructionDiameter DataCollectionDiameter
    PositionerPrimaryAngle PositionerSecondaryAngle DetectorElementSpacing VolumetricProperties
    ShutterShape ShutterLeftVerticalEdge ShutterRightVerticalEdge ShutterUpperHorizontalEdge
    ShutterLowerHorizontalEdge CenterOfCircularShutter RadiusOfCircularShutter VerticesOfThePolygonalShutter
    ShutterPresentationValue
"""
_REGIONS: Final = """
    SequenceOfUltrasoundRegions RegionSpatialFormat RegionDataType RegionFlags RegionLocationMinX0
    RegionLocationMinY0 RegionLocationMaxX1 RegionLocationMaxY1 ReferencePixelX0 ReferencePixelY0
    PhysicalUnitsXDirection PhysicalUnitsYDirection ReferencePixelPhysicalValueX ReferencePixelPhysicalValueY
    PhysicalDeltaX PhysicalDeltaY TransducerFrequency PulseRepetitionFrequency DopplerCorrectionAngle SteeringAngle
    PixelComponentOrganization PixelComponentPhysicalUnits PixelComponentDataType NumberOfTableBreakPoints
    TableOfXBreakPoints TableOfYBreakPoints TMLinePositionX0 TMLinePositionY0 TMLinePositionX1 TMLinePositionY1
    DopplerSampleVolumeXPosition DopplerSampleVolumeYPosition UltrasoundColorDataPresent
"""
_ORDER: Final = """
    SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID Modality SeriesNumber InstanceNumber
    AcquisitionNumber TemporalPositionIdentifier NumberOfTemporalPositions ImagesInAcquisition ImageIndex
    NumberOfSlices NumberOfTimeSlices FrameTime FrameTimeVector FrameDelay RecommendedDisplayFrameRate CineRate
    StartTrim StopTrim PreferredPlaybackSequencing ActualFrameDuration TriggerTime NominalInterval HeartRate
    StudyDate StudyTime SeriesDate SeriesTime AcquisitionDate AcquisitionTime ContentDate ContentTime
    AcquisitionDateTime FrameAcquisitionDateTime FrameReferenceDateTime FrameAcquisitionDuration
    PerFrameFunctionalGroupsSequence SharedFunctionalGroupsSequence FrameContentSequence InStackPositionNumber
    FrameAcquisitionNumber DimensionIndexValues DimensionOrganizationSequence DimensionOrganizationUID
    DimensionIndexSequence DimensionIndexPointer FunctionalGroupPointer DimensionOrganizationType
    TemporalPositionIndex TemporalPositionTimeOffset CardiacSynchronizationSequence NominalPercentageOfCardiacPhase
    ReferencedImageSequence ReferencedSOPClassUID ReferencedSOPInstanceUID ReferencedFrameNumber
    DerivationImageSequence SourceImageSequence ReferencedSeriesSequence ReferencedInstanceSequence
    PurposeOfReferenceCodeSequence DerivationCodeSequence SpatialLocationsPreserved
"""
_TAKEN: Final = """
    KVP XRayTubeCurrent XRayTubeCurrentInuA ExposureTime ExposureTimeInuS Exposure ExposureInuAs ExposureInmAs
    FilterType FocalSpots SpiralPitchFactor SingleCollimationWidth TotalCollimationWidth TableSpeed TableFeedPerRotation
    RotationDirection RevolutionTime CTDIvol BodyPartThickness CompressionForce Grid DetectorType
    ScanningSequence SequenceVariant ScanOptions MRAcquisitionType RepetitionTime EchoTime InversionTime FlipAngle
    NumberOfAverages ImagingFrequency EchoNumbers MagneticFieldStrength NumberOfPhaseEncodingSteps EchoTrainLength
    PercentSampling PercentPhaseFieldOfView PixelBandwidth AcquisitionMatrix InPlanePhaseEncodingDirection SAR dBdt
    DiffusionBValue DiffusionGradientOrientation MRDiffusionSequence DiffusionDirectionality
    DiffusionGradientDirectionSequence MREchoSequence EffectiveEchoTime MRTimingAndRelatedParametersSequence
    MRImageFrameTypeSequence CTImageFrameTypeSequence ComplexImageComponent AcquisitionContrast
    MechanicalIndex BoneThermalIndex CranialThermalIndex SoftTissueThermalIndex DepthOfScanField TransducerType
    RadiopharmaceuticalInformationSequence RadionuclideTotalDose RadionuclideHalfLife RadionuclidePositronFraction
    RadiopharmaceuticalStartTime RadiopharmaceuticalStartDateTime RadionuclideCodeSequence
    SeriesType DecayFactor FrameReferenceTime CorrectedImage NumberOfEnergyWindows EnergyWindowVector
    NumberOfDetectors DetectorVector SliceVector TimeSlotVector
    BreastImplantPresent PartialView PaddleDescription
"""
_LAID_OVER: Final = """
    SegmentationType SegmentationFractionalType MaximumFractionalValue SegmentSequence SegmentNumber SegmentLabel
    SegmentAlgorithmType SegmentedPropertyCategoryCodeSequence SegmentedPropertyTypeCodeSequence
    RecommendedDisplayCIELabValue RecommendedDisplayGrayscaleValue SegmentIdentificationSequence
    ReferencedSegmentNumber StructureSetROISequence ROINumber ROIName ROIGenerationAlgorithm
    ReferencedFrameOfReferenceUID ReferencedFrameOfReferenceSequence RTReferencedStudySequence
    RTReferencedSeriesSequence ContourImageSequence ROIContourSequence ReferencedROINumber ROIDisplayColor
    ContourSequence ContourGeometricType NumberOfContourPoints ContourData ContourNumber
    RTROIObservationsSequence ObservationNumber RTROIInterpretedType StructureSetLabel
"""
_SIGNALS: Final = """
    WaveformSequence MultiplexGroupTimeOffset TriggerTimeOffset WaveformOriginality NumberOfWaveformChannels
    NumberOfWaveformSamples SamplingFrequency ChannelDefinitionSequence WaveformChannelNumber ChannelSourceSequence
    ChannelSensitivity ChannelSensitivityUnitsSequence ChannelSensitivityCorrectionFactor ChannelBaseline
    ChannelTimeSkew ChannelSampleSkew ChannelOffset WaveformBitsStored FilterLowFrequency FilterHighFrequency
    NotchFilterFrequency NotchFilterBandwidth WaveformBitsAllocated WaveformSampleInterpretation WaveformPaddingValue
    WaveformData
"""
_CODES: Final = "CodeValue LongCodeValue CodingSchemeDesignator CodeMeaning"

KEPT: Final = frozenset(
    f"{_PICTURE} {_VALUES} {_PLACE} {_REGIONS} {_ORDER} {_TAKEN} {_LAID_OVER} {_SIGNALS} {_CODES}".split()
)
"""Keywords of PS3.6."""

WORDS: Final[dict[str, frozenset[str]]] = {
    "RescaleType": frozenset(("HU", "OD", "US", "MGML", "Z_EFF", "ED", "EDW", "HU_MOD", "PCT")),
    "ModalityLUTType": frozenset(("HU", "OD", "US", "MGML", "Z_EFF", "ED", "EDW", "HU_MOD", "PCT")),
}
"""Texts of the standard's own; any other word of these elements becomes ``US``: unspecified."""

NUMBERED: Final = {"SegmentLabel": "Segment", "ROIName": "ROI", "StructureSetLabel": "Structures"}
"""Names somebody gave; they become a word and a number."""

_WRITTEN: Final = """
    ContentSequence RelationshipType ValueType ConceptNameCodeSequence ContinuityOfContent TextValue NumericValue
    MeasuredValueSequence ConceptCodeSequence ReferencedSOPSequence UID DateTime Date Time GraphicData GraphicType
    TemporalRangeType CompletionFlag VerificationFlag ContentTemplateSequence MappingResource TemplateIdentifier
    CurrentRequestedProcedureEvidenceSequence ReferencedContentItemIdentifier
    EncapsulatedDocument EncapsulatedDocumentLength MIMETypeOfEncapsulatedDocument DocumentTitle
    GraphicAnnotationSequence GraphicLayer GraphicObjectSequence TextObjectSequence UnformattedTextValue
    AnchorPoint AnchorPointVisibility AnchorPointAnnotationUnits BoundingBoxTopLeftHandCorner
    BoundingBoxBottomRightHandCorner BoundingBoxAnnotationUnits BoundingBoxTextHorizontalJustification
    GraphicAnnotationUnits GraphicDimensions NumberOfGraphicPoints GraphicFilled GraphicLayerSequence
    GraphicLayerOrder DisplayedAreaSelectionSequence DisplayedAreaTopLeftHandCorner
    DisplayedAreaBottomRightHandCorner PresentationSizeMode PresentationPixelSpacing PresentationPixelAspectRatio
    PresentationPixelMagnificationRatio SoftcopyVOILUTSequence ImageRotation ImageHorizontalFlip ContentLabel
    ReferencedSeriesSequence
"""
TEXTS: Final = frozenset(_WRITTEN.split())
"""What else stays where a person has asked for reports, documents and marks although they may name the patient."""
