"""The URIs that say whose code or number it is.

Public terminologies have their registered URIs (FHIR R4, Terminologies). Ours are URNs of the product: the national
identifiers of Kazakhstan and Russia have no URI that a public register would show.
"""

from __future__ import annotations

from typing import Final

LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
MDC: Final = "urn:iso:std:iso:11073:10101"
BODY_PART: Final = "urn:dala:dicom-body-part"
"""Defined terms of DICOM's Body Part Examined (PS3.16 annex L), as machines write them."""
DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
ICD_10: Final = "http://hl7.org/fhir/sid/icd-10"
DICOM_UID: Final = "urn:dicom:uid"
OBSERVATION_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
AUDIT_EVENT_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-event-type"
AUDIT_ENTITY_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
AUDIT_ENTITY_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
OBSERVATION_VALUE: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
RESTFUL_INTERACTION: Final = "http://hl7.org/fhir/restful-interaction"
ALLERGY_STATUS: Final = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"

IIN: Final = "urn:dala:identifier:kz-iin"
SNILS: Final = "urn:dala:identifier:ru-snils"
CHART_NUMBER: Final = "urn:dala:identifier:chart-number"
CASE_NUMBER: Final = "urn:dala:identifier:case-number"
ACCESSION_NUMBER: Final = "urn:dala:identifier:accession-number"
SNOMED: Final = "http://snomed.info/sct"

SPECIALTY: Final = "urn:dala:codes:specialty"
ROLE: Final = "urn:dala:codes:role"
DEVICE_TEST: Final = "urn:dala:codes:device-test"
DEVICE_RESULT: Final = "urn:dala:identifier:device-result"
DOCUMENT_KIND: Final = "urn:dala:codes:document-kind"
AUDIT_ACTION: Final = "urn:dala:codes:audit-action"

CONTENT_SHA256: Final = "urn:dala:content-sha256"
AGE_RECIPIENT: Final = "urn:dala:age-recipient"
SIGNING_JWK: Final = "urn:dala:signing-jwk"
REFERRAL_PACKAGE: Final = "urn:dala:identifier:referral-package"
TASK_CODE: Final = "http://hl7.org/fhir/CodeSystem/task-code"
TASK_OUTPUT: Final = "urn:dala:codes:task-output"
COMMUNICATION_KIND: Final = "urn:dala:codes:communication-kind"
SIGNATURE_TYPE: Final = "urn:iso-astm:E1762-95:2013"
