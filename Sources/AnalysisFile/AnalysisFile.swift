// AnalysisFile
