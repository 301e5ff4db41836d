"""A notebook of marimo that uses every function of dlmagic."""

import marimo

app = marimo.App()


@app.cell
def set_up():
    import torch
    from torch import nn

    import dlmagic

    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    x, y = torch.randn(16, 4), torch.randn(16, 1)
    return dlmagic, net, nn, torch, x, y


@app.cell
def bench(dlmagic, x):
    dlmagic.bench("(x @ x.T).sum()", namespace={"x": x}, modes="eager,trace", time=0.3)
    return


@app.cell
def graphmode(dlmagic, torch):
    n = torch.ones(3)
    dlmagic.graphmode("total = (n * 2).sum()", mode="trace")
    return (n,)


@app.cell
def autograd(dlmagic, net, nn, x, y):
    loss = nn.functional.mse_loss(net(x), y)
    dlmagic.autograd(loss)
    return (loss,)


@app.cell
def tensors(dlmagic, x):
    dlmagic.tensors("x")
    return


@app.cell
def gpus(dlmagic):
    dlmagic.gpus()
    return


@app.cell
def pick_gpus(dlmagic):
    with dlmagic.pick_gpus() as picked:
        pick = picked.result()
    pick
    return


@app.cell
def summary(dlmagic, net, x):
    dlmagic.summary(net, x, time=False)
    return


@app.cell
def watch(dlmagic, net, nn, torch, x, y):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with dlmagic.watch(net, every=1) as session:
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.mse_loss(net(x), y).backward()
            optimizer.step()
    session.result()
    return


if __name__ == "__main__":
    app.run()
