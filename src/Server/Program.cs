Console.WriteLine("localllm");
