"""A training step as one CUDA graph: the host replays it and does nothing else."""
import torch


class GraphedTraining:
    """AdamW over some parameters, with their running average, around a loss.

    loss_of() takes nothing, reads and writes tensors that stay where they are, and returns the loss.
    The rate is read from `rate` in every step; `average` takes its share of the weights in each.
    """

    def __init__(self, parameters, loss_of, share):
        self.parameters, self.loss_of, self.share = parameters, loss_of, share
        self.rate = torch.zeros((), device="cuda")
        self.optimizer = torch.optim.AdamW(
            [{"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.01},
             {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0}],
            lr=self.rate, betas=(0.9, 0.99), fused=True, capturable=True)
        self.average = [p.detach().clone() for p in parameters]
        self.graph = torch.cuda.CUDAGraph()
        self.capture()

    def step(self):
        self.loss_of().backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0, foreach=True)
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.average, self.parameters, self.share)

    def capture(self):
        """Compiles and captures the step; the weights end as they began."""
        begun = [p.detach().clone() for p in self.parameters]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.step()
                self.optimizer.zero_grad(set_to_none=True)
        torch.cuda.current_stream().wait_stream(stream)
        with torch.cuda.graph(self.graph):
            self.step()
        self.restore(begun, begun)

    @torch.no_grad()
    def restore(self, parameters, average):
        """Sets the weights and their average, and forgets the optimizer's moments."""
        torch._foreach_copy_(self.parameters, parameters)
        torch._foreach_copy_(self.average, average)
        for state in self.optimizer.state.values():
            for value in state.values():
                value.zero_()

    @torch.no_grad()
    def swap(self):
        """Exchanges the weights and their average."""
        raw = [p.detach().clone() for p in self.parameters]
        torch._foreach_copy_(self.parameters, self.average)
        torch._foreach_copy_(self.average, raw)

    def state(self):
        """What load() goes on from: weights, average and the optimizer's moments."""
        return {"parameters": [p.detach().clone() for p in self.parameters], "average": self.average,
                "moments": [{name: value.clone() for name, value in self.optimizer.state[p].items()}
                            for p in self.parameters]}

    @torch.no_grad()
    def load(self, state):
        """Tensors stay where they are, since the graph reads them there."""
        torch._foreach_copy_(self.parameters, state["parameters"])
        torch._foreach_copy_(self.average, state["average"])
        for parameter, moments in zip(self.parameters, state["moments"], strict=True):
            for name, value in moments.items():
                self.optimizer.state[parameter][name].copy_(value)
