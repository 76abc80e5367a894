"""Known answers of metrics/self_test.cc, by lpips 0.1.4, torch 2.11.0 and scikit-image 0.26.0. Run in the repository root."""
import numpy as np, torch, lpips, warnings; warnings.filterwarnings("ignore")
from safetensors.torch import load_file
def wave(p):
    y,x=np.mgrid[0:64,0:64]
    return np.stack([(x*3+y*(c+1)+p*7*(c+1))%256 for c in range(3)],-1).astype(np.uint8)
def noise(s):
    i=np.arange(64*64*3,dtype=np.uint64); v=(i*np.uint64(2654435761)+np.uint64(s)*np.uint64(40503))&np.uint64(0xffffffff)
    v^=v>>np.uint64(16); v=(v*np.uint64(2246822519))&np.uint64(0xffffffff); v^=v>>np.uint64(13)
    return (v&np.uint64(255)).astype(np.uint8).reshape(64,64,3)
import torchvision
orig=torchvision.models.alexnet
torchvision.models.alexnet=lambda *a,**k: orig(weights=None)
m=lpips.LPIPS(net="alex",pretrained=True,verbose=False)
w=load_file("metrics/weights/lpips/alex-v0.1.safetensors")
sd=m.state_dict(); new={}
for k in sd:
    for n in w:
        if n.startswith("features") and k.startswith("net.") and k.endswith("."+n.split("features.")[1]): new[k]=w[n]
        if k==n: new[k]=w[n]
print(len(new)); m.load_state_dict(new,strict=False); m.eval()
t=lambda a: torch.from_numpy(a.astype(np.float32)).permute(2,0,1)[None]/127.5-1
with torch.no_grad():
    for a,b in ((wave(0),wave(3)),(wave(0),noise(1)),(noise(1),noise(2))): print(float(m(t(a),t(b))))
from skimage.metrics import structural_similarity as s
for a,b in ((wave(0),wave(3)),(wave(0),noise(1)),(noise(1),noise(2))): print(repr(float(s(a,b,channel_axis=2,gaussian_weights=True,sigma=1.5,use_sample_covariance=False))),repr(float(s(a,b,channel_axis=2))))
