// The entry point: the tests, or, for a test that kills it, a runner of the toy operation.
using Drover.IntegrationTests;
using Drover.IntegrationTests.Operations;
using Xunit.MicrosoftTestingPlatform;

return args is [ToyProcess.Verb, ..]
    ? await ToyProcess.RunAsync(args)
    : await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
