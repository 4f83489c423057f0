using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

// A benchmark that did not run is a failure to those who call this from a script.
IEnumerable<Summary> summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return summaries.Any(summary => summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success)) ? 1 : 0;
